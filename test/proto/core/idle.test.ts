import { afterEach, describe, expect, it } from 'vitest';
import { packetBytes } from '../../sim/net/link.ts';
import { HOME_NAT, link } from '../../sim/plans.ts';
import { isUp, Stage } from './stage.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;

let stage: Stage;

afterEach(() => stage.close());

/** Outer bytes of both directions in that time. */
function count(ms: number): number {
  let bytes = 0;
  stage.tap((datagram) => {
    bytes += packetBytes(datagram);
    return true;
  });
  stage.run(ms);
  stage.untap();
  return bytes;
}

const forgets = (timeoutMs: number) => link({}, { nat: { ...HOME_NAT, timeoutMs, inboundRefreshes: false } });

describe('an idle client', () => {
  it.each([1, 2, 3])('costs less than a megabyte a day for each of %s paths', async (paths) => {
    stage = await Stage.connected({ clients: [Array.from({ length: paths }, () => link())] });
    stage.run(10_000);
    const perDay = (count(10 * MINUTE_MS) * DAY_MS) / (10 * MINUTE_MS) / paths;
    expect(perDay).toBeLessThan(700_000);
    stage.run(20 * MINUTE_MS);
    expect((count(10 * MINUTE_MS) * DAY_MS) / (10 * MINUTE_MS) / paths).toBeLessThan(160_000);
  });

  it('costs no more over a link that takes less than its interface', async () => {
    stage = await Stage.connected({ clients: [[link({ mtuBytes: 1_430 })]] });
    stage.run(10 * MINUTE_MS);
    expect(stage.seenByClient().paths[0].mtuBytes).toBeGreaterThan(1_420);
    // What is too large for the link leaves the interface all the same.
    const [access] = stage.client().accesses;
    const before = access.crossedBytes;
    stage.run(30 * MINUTE_MS);
    expect(((access.crossedBytes - before) * DAY_MS) / (30 * MINUTE_MS)).toBeLessThan(160_000);
  });

  it.each([
    [30_000, 25_000],
    [60_000, 40_000],
    [120_000, 115_000],
  ])(
    'behind a NAT that forgets after %s ms is reached from the other side, with a word each %s ms',
    async (timeoutMs, everyMs) => {
      stage = await Stage.connected({ clients: [[forgets(timeoutMs)]] });
      stage.run(30 * MINUTE_MS);
      expect(stage.seenByClient().paths[0].keepAliveMs).toBe(everyMs);
      for (let i = 0; i < 7; i++) {
        const packet = stage.down();
        expect(stage.until(() => packet.deliveredMs >= 0, 1_000)).toBeLessThan(50);
        stage.run(3 * MINUTE_MS + i * 17_000);
      }
    },
  );

  it('costs less than a megabyte a day for each path while its server is away, and is back at once', async () => {
    stage = await Stage.connected({ clients: [[link(), link()]] });
    stage.world.server.stop(false);
    stage.run(60 * MINUTE_MS);
    const perDay = (count(10 * MINUTE_MS) * DAY_MS) / (10 * MINUTE_MS) / 2;
    expect(perDay).toBeLessThan(1_000_000);
    stage.world.server.start();
    const packet = stage.up();
    expect(stage.until(() => packet.deliveredMs >= 0, 1_000)).toBeLessThan(100);
  });

  it('that comes back costs its server a dozen words', async () => {
    stage = await Stage.connected();
    stage.run(10_000);
    stage.client().stop(false);
    let words = 0;
    stage.tap((datagram) => {
      if (!isUp(datagram)) words++;
      return true;
    });
    stage.client().start();
    stage.run(10_000);
    expect(stage.isConnected()).toBe(true);
    expect(words).toBeLessThanOrEqual(12);
  });

  it('is asked for nothing by a server that it did not ask to', async () => {
    stage = await Stage.connected();
    stage.run(30_000);
    const down: number[] = [];
    stage.tap((datagram) => {
      if (!isUp(datagram)) down.push(stage.nowMs);
      return true;
    });
    stage.run(20 * MINUTE_MS);
    expect(down.length).toBeLessThan(40);
  });
});
