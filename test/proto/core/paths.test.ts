import { afterEach, describe, expect, it } from 'vitest';
import { HOLD_LIMITS } from '../../../src/proto/association/hold-queue.ts';
import type { Path } from '../../../src/proto/path/path.ts';
import type { Session } from '../../../src/proto/session/session.ts';
import { PROBE_BYTES, Probe } from '../../../src/proto/wire/probe.ts';
import { HOME_NAT, link } from '../../sim/plans.ts';
import { associationsOf } from '../../sim/watch/step.ts';
import { isUp, Stage } from './stage.ts';

let stage: Stage;

afterEach(() => stage.close());

describe('a path that is down', () => {
  it.each([20, 35, 55, 75, 100])(
    'is up within half a second of its return when traffic began after %s s without any',
    async (idleS) => {
      stage = await Stage.connected({ clients: [[link(), link()]] });
      stage.shape(0, 1, { blackhole: true });
      stage.run(idleS * 1_000);
      const traffic = () => {
        stage.up();
        return false;
      };
      stage.until(traffic, 1_000);
      stage.shape(0, 1, { blackhole: false });
      const isBack = () => traffic() || stage.seenByClient().paths[1].state === 'up';
      expect(stage.until(isBack, 30_000)).toBeLessThan(600);
    },
  );
});

describe('the only path, back after an outage', () => {
  const RTT_MS = 200;

  it('carries what waited when the first question is answered', async () => {
    stage = await Stage.connected({ clients: [[link({ delayMs: RTT_MS / 2 })]] });
    stage.shape(0, 0, { blackhole: true });
    stage.up();
    stage.run(5_000);
    const packet = stage.up();
    stage.run(100);
    stage.shape(0, 0, { blackhole: false });
    let askedMs = Number.POSITIVE_INFINITY;
    stage.tap((datagram) => {
      if (isUp(datagram)) askedMs = Math.min(askedMs, stage.nowMs);
      return true;
    });
    expect(stage.until(() => packet.deliveredMs >= 0, 2_000)).toBeLessThan(2_000);
    // Seen half way to the server: the answer is a round trip later, and the packet half of one after that.
    expect(packet.deliveredMs - askedMs).toBeLessThan(1.5 * RTT_MS + 10);
  });

  it('loses nothing of what waited to the answers that what waited at the server draws', async () => {
    stage = await Stage.connected({
      clients: [[link({ delayMs: RTT_MS / 2, kilobitsPerSecond: 20_000 }, { nat: HOME_NAT })]],
    });
    stage.shape(0, 0, { blackhole: true });
    stage.up();
    stage.down();
    stage.run(5_000);
    stage.client().accesses[0].nat?.forget();
    const packet = stage.up();
    const asked = Array.from({ length: HOLD_LIMITS.packets }, () => stage.down());
    stage.client().onDelivered = () => stage.world.queue.after(0, () => stage.burst(2, 100));
    stage.shape(0, 0, { blackhole: false });
    const arrived = () => asked.filter(({ deliveredMs }) => deliveredMs >= 0).length;
    stage.until(() => arrived() === asked.length, 2_000);
    stage.run(RTT_MS);
    expect([arrived(), packet.deliveredMs >= 0]).toEqual([asked.length, true]);
  });
});

it('a path that its client gives another number is told of at once: the old one down', async () => {
  stage = await Stage.connected();
  stage.until(() => stage.pathAtServer(0)?.state === 'up', 1_000);
  stage.client().run((core) => {
    const [association] = associationsOf(core);
    const probe = new Probe();
    probe.pathId = 5;
    const body = new Uint8Array(PROBE_BYTES);
    probe.write(body, 0);
    core['commands'].toPath(association.current as Session, association.paths[0] as Path, body);
  });
  // What is told is compared with what is after every turn.
  stage.run(100);
  expect([stage.pathAtServer(0), stage.pathAtServer(5)?.path]).toEqual([undefined, 5]);
});

describe('a path that loses nothing', () => {
  it('says so from the beginning, also when nothing but questions goes over it', async () => {
    stage = await Stage.connected({ clients: [[link({ delayMs: 5 }), link({ delayMs: 15 })]] });
    const { paths } = stage.seenByClient();
    expect(paths.map(({ lossOut, lossIn }) => [lossOut, lossIn])).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });
});

describe('a path that moves to a smaller MTU', () => {
  const moves: [string, () => void][] = [
    ['another address', () => stage.client().accesses[0].changeAddress()],
    ['another router', () => stage.client().accesses[0].rebootNat(0)],
  ];

  it.each(moves)('with %s carries large packets both ways within seconds', async (what, move) => {
    const nat = what === 'another router' ? HOME_NAT : null;
    stage = await Stage.connected({ clients: [[link({}, { nat })]] });
    expect(stage.seenByClient().paths[0].mtuBytes).toBe(1_500);
    move();
    stage.shape(0, 0, { mtuBytes: 1_280 });
    const exchange = () => {
      const packets = [stage.up(undefined, 1_400), stage.down(undefined, 1_400)];
      stage.run(90);
      return packets.every((packet) => packet.deliveredMs >= 0);
    };
    expect(stage.until(exchange, 60_000)).toBeLessThan(5_000);
  });
});

describe('the path at the server', () => {
  const SEEDS = 40;
  /** Forty worlds on a busy machine. */
  const TIMEOUT = { timeout: 60_000 };

  async function connectOverLossyLink(seed: number): Promise<void> {
    stage = await Stage.create({ seed, clients: [[link({ loss: 0.3 })]] });
    stage.client().start();
  }

  it('is validated after few datagrams, although 30 % are lost each way', TIMEOUT, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      await connectOverLossyLink(seed);
      const exchange = () => {
        if (stage.client().address !== 0) stage.up();
        stage.run(90);
        return stage.pathAtServer(0)?.state === 'up';
      };
      expect(stage.until(exchange, 30_000), `seed ${seed}`).toBeLessThan(30_000);
      expect(stage.pathAtServer(0)?.receivedDatagrams, `seed ${seed}`).toBeLessThan(40);
      stage.close();
    }
  });

  it(
    'is validated for nearly every client that says nothing after it connected, although 30 % are lost',
    TIMEOUT,
    async () => {
      let unvalidated = 0;
      for (let seed = 1; seed <= SEEDS; seed++) {
        await connectOverLossyLink(seed);
        stage.until(() => stage.client().address !== 0, 10_000);
        stage.run(5_000);
        if (!['up', 'suspect'].includes(stage.pathAtServer(0)?.state ?? 'none')) unvalidated++;
        stage.close();
      }
      expect(unvalidated).toBeLessThanOrEqual(1);
    },
  );
});

describe('a path whose interface takes packets of another size from now on', () => {
  it('carries no larger ones at once, and larger ones as soon as they were answered', async () => {
    stage = await Stage.connected({ clients: [[link()]] });
    const mtuBytes = () => stage.seenByClient().paths[0].mtuBytes;
    const host = stage.client();
    const take = (bytes: number) => host.run(() => host.client.setPathMtu(0, bytes, host.clock.nowMs));
    expect(stage.until(() => mtuBytes() === 1_500, 5_000)).toBeLessThan(5_000);
    take(1_400);
    expect(mtuBytes()).toBe(1_400);
    take(1_500);
    expect(mtuBytes()).toBe(1_400);
    expect(stage.until(() => mtuBytes() === 1_500, 1_000)).toBeLessThan(200);
  });
});
