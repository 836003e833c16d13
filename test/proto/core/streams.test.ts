import { afterEach, describe, expect, it } from 'vitest';
import { PATH_ERRNO } from '../../../src/proto/packet-batch.ts';
import type { Path } from '../../../src/proto/path/path.ts';
import { News, type Stream } from '../../../src/proto/stream/stream.ts';
import { TerminateKind } from '../../../src/proto/wire/stream-commands.ts';
import type { Host } from '../../sim/host/host.ts';
import { link } from '../../sim/plans.ts';
import { Stage } from './stage.ts';

const HOUR_MS = 3_600_000;
const TARGET = { protocol: 6, host: 'example.org', port: 22 };

let stage: Stage;
afterEach(() => stage.close());

/** Reads whatever came, writes it back at the server, and keeps it at the client. */
class Driver {
  received = '';
  ended: number | null = null;
  wanted: Stream[] = [];
  echoes = true;

  constructor(private readonly host: Pick<Host, 'core' | 'clock' | 'run' | 'streamNews'>) {}

  turn(): void {
    const news = this.host.streamNews.splice(0);
    if (news.length === 0) return;
    this.host.run(() => {
      for (const stream of news) this.handle(stream);
      this.host.core?.settle(this.host.clock.nowMs);
    });
  }

  private handle(stream: Stream): void {
    const { news } = stream;
    stream.news = 0;
    if (news & News.WANTED) {
      this.wanted.push(stream);
      stream.accept();
    }
    if (news & News.TERMINATED) this.ended = stream.endedBy;
    for (let bytes = stream.peek(); bytes !== null; bytes = stream.peek()) {
      if (!this.wanted.includes(stream)) this.received += Buffer.from(bytes).toString();
      else if (this.echoes) stream.write(bytes, 0, bytes.length);
      stream.take(bytes.length, this.host.clock.nowMs);
    }
    if (stream.isEnded && this.wanted.includes(stream)) stream.end();
  }
}

async function connected(links = [link()]) {
  stage = await Stage.connected({ clients: [links] });
  const host = stage.client();
  const here = new Driver(host as never);
  const there = new Driver(stage.world.server as never);
  const command = (act: () => void) =>
    (host as unknown as { run(f: () => void): void }).run(() => {
      act();
      host.client.settle(host.clock.nowMs);
    });
  let stream!: Stream;
  command(() => {
    stream = host.client.openStream(TARGET, host.clock.nowMs) as Stream;
  });
  const say = (text: string) => command(() => stream.write(Buffer.from(text), 0, text.length));
  const until = (condition: () => boolean, limitMs: number) =>
    stage.until(() => {
      here.turn();
      there.turn();
      return condition();
    }, limitMs);
  return { here, there, stream, say, until, command };
}

describe('a stream of the core', { timeout: 60_000 }, () => {
  it('reaches the target that was named, and back', async () => {
    const { here, there, say, until } = await connected();
    say('hello');
    expect(await until(() => here.received === 'hello', 1_000)).toBeLessThan(200);
    expect(there.wanted[0].target).toEqual(TARGET);
    expect(there.wanted[0].peerName).toBe(stage.client().name);
  });

  it('goes over another session as over the one it began in', async () => {
    const { here, say, until } = await connected();
    say('a');
    until(() => here.received === 'a', 1_000);
    const { handshakes } = stage.seenByClient().session;
    for (let i = 0; i < 30; i++) {
      stage.up();
      until(() => false, 5_000);
    }
    expect(stage.seenByClient().session.handshakes).toBeGreaterThan(handshakes);
    say('b');
    expect(until(() => here.received === 'ab', 1_000)).toBeLessThan(200);
  });

  it('goes on after three days without a link, by itself and at once', async () => {
    const { here, say, until } = await connected();
    say('a');
    until(() => here.received === 'a', 1_000);
    const host = stage.client();
    host.accesses[0].isPresent = false;
    host.closePath(0);
    say('b');
    until(() => false, 1_000);
    stage.run(72 * HOUR_MS);
    host.accesses[0].isPresent = true;
    host.openPath(0);
    // A handshake and the answer, over a link of 10 ms each way.
    expect(until(() => here.received === 'ab', 5_000)).toBeLessThan(2 * 20 + 100);
  });

  it('ends with a reset when the other end has been started anew', async () => {
    const { here, there, say, until } = await connected();
    say('a');
    until(() => here.received === 'a', 1_000);
    stage.world.server.stop(false);
    stage.world.server.start();
    until(() => here.ended !== null, 30_000);
    expect(here.ended).toBe(TerminateKind.GONE);
    expect(there.wanted).toHaveLength(1);
  });

  it('of a client that was started anew ends at the server, and new ones are not mistaken for it', async () => {
    const { here, there, say, until } = await connected();
    say('a');
    until(() => here.received === 'a', 1_000);
    const host = stage.client();
    host.stop(false);
    host.start();
    until(() => there.ended !== null, 30_000);
    expect(there.ended).toBe(TerminateKind.GONE);
  });

  it('of a revoked client ends at the server', async () => {
    const { there, here, say, until } = await connected();
    say('a');
    until(() => here.received === 'a', 1_000);
    stage.revoke();
    until(() => there.ended !== null, 1_000);
    expect(there.ended).toBe(TerminateKind.GONE);
  });

  it.each(['ends', 'is reset'])(
    'that %s while it waits leaves its paths as quiet as an idle one',
    async (how) => {
      const { here, stream, say, until, command } = await connected();
      say('a');
      until(() => here.received === 'a', 1_000);
      stage.shape(0, 0, { blackhole: true });
      say('b');
      until(() => false, 3_000);
      if (how === 'ends') stage.shape(0, 0, { blackhole: false });
      command(() => (how === 'ends' ? stream.end() : stream.terminate(TerminateKind.RESET)));
      until(() => how === 'ends' && stream.phase === 'over', 5_000);
      stage.shape(0, 0, { blackhole: false });
      until(() => false, 5_000);
      let datagrams = 0;
      stage.tap(() => {
        datagrams++;
        return true;
      });
      stage.run(60_000);
      expect(datagrams).toBeLessThan(20);
    },
  );

  it('puts nothing into a batch that has left, whatever the system says of its datagrams', async () => {
    const { stream } = await connected();
    const { client, clock } = stage.client();
    const { batch } = client.outbox;
    stream.write(new Uint8Array(60_000), 0, 60_000);
    client.settle(clock.nowMs);
    const { count } = batch;
    expect(count).toBeGreaterThan(0);
    const { row } = client['association'].paths[0] as Path;
    row.words[row['at'] + PATH_ERRNO] = 113;
    client.handleSent(batch, clock.nowMs + 3_000);
    expect(batch.count).toBe(count);
    expect(client.nextTimeoutMs).toBeLessThanOrEqual(clock.nowMs + 3_000);
    batch.clear();
  });
});
