import { afterEach, describe, expect, it } from 'vitest';
import type { ClientCore } from '../../../src/proto/client-core.ts';
import { failover } from '../../../src/proto/policy/failover.ts';
import type { InnerPacket } from '../../sim/ledger.ts';
import { HOME_NAT, link } from '../../sim/plans.ts';
import { Stage } from './stage.ts';

let stage: Stage;

afterEach(() => stage.close());

/** A packet each 20 ms in either direction. */
function talk(ms: number): InnerPacket[] {
  const packets: InnerPacket[] = [];
  for (const endMs = stage.nowMs + ms; stage.nowMs < endMs; stage.run(20))
    packets.push(stage.up(), stage.down());
  return packets;
}

const arrived = (packets: readonly InnerPacket[]) =>
  packets.filter(({ deliveredMs }) => deliveredMs >= 0).length;

async function overOneOfTwo(): Promise<void> {
  stage = await Stage.connected({ clients: [[link(), link()]] });
  stage.shape(0, 1, { blackhole: true });
  talk(6_000);
  expect(stage.seenByClient().paths.map(({ state }) => state)).toEqual(['up', 'down']);
}

describe('what left over a path that turns out to be dead', () => {
  it('goes out again over the path that comes back, both ways', async () => {
    await overOneOfTwo();
    stage.shape(0, 0, { blackhole: true });
    const packets = talk(1_000);
    expect(arrived(packets)).toBe(0);
    stage.shape(0, 1, { blackhole: false });
    packets.push(...talk(3_000));
    stage.run(100);
    expect(arrived(packets)).toBe(packets.length);
    expect(stage.seenByClient().resentDatagrams).toBeGreaterThan(5);
    expect(stage.seenByServer()?.resentDatagrams).toBeGreaterThan(5);
  });

  it('goes out again when its interface is gone', async () => {
    await overOneOfTwo();
    stage.shape(0, 0, { blackhole: true });
    const packets = [stage.up(), stage.up()];
    stage.run(50);
    stage.client().closePath(0);
    stage.shape(0, 1, { blackhole: false });
    expect(stage.until(() => arrived(packets) === 2, 5_000)).toBeLessThan(600);
  });

  it('goes out again over the same path after an outage', async () => {
    stage = await Stage.connected({ clients: [[link()]] });
    talk(1_000);
    stage.shape(0, 0, { blackhole: true });
    const packets = talk(1_500);
    stage.shape(0, 0, { blackhole: false });
    stage.run(1_000);
    expect(arrived(packets)).toBe(packets.length);
  });

  it('went over two paths that were idle: both are dead by now', async () => {
    stage = await Stage.connected({ clients: [[link(), link()]] });
    talk(1_000);
    stage.run(10_000);
    stage.shape(0, 0, { blackhole: true });
    stage.shape(0, 1, { blackhole: true });
    const query = stage.up();
    stage.run(2_000);
    stage.shape(0, 1, { blackhole: false });
    expect(stage.until(() => query.deliveredMs >= 0, 5_000)).toBeLessThan(600);
  });
});

describe('what left over a healthy path', () => {
  it('does not go out again when one answer is late', async () => {
    stage = await Stage.connected({ clients: [[link({ loss: 0.1 })]] });
    talk(20_000);
    expect(stage.seenByClient().resentDatagrams).toBe(0);
  });

  it('is not even kept where a second path carries its twin', async () => {
    stage = await Stage.connected({ clients: [[link(), link({}, { nat: HOME_NAT })]] });
    talk(1_000);
    const { sentLog } = stage.client().client['context'];
    const before = sentLog['count'];
    talk(5_000);
    expect(sentLog['count']).toBe(before);
  });
});

describe('failover from a path that falls silent', () => {
  it.each([10, 40, 80])(
    'at %s ms each way loses nothing, and takes 1.5 round trips and 50 ms',
    async (delayMs) => {
      stage = await Stage.connected({ clients: [[link({ delayMs }), link({ delayMs: delayMs + 10 })]] });
      const host = stage.client();
      host.run((core) => (core as ClientCore).setPolicy(failover, [], host.clock.nowMs));
      talk(2_000);
      stage.shape(0, 0, { blackhole: true });
      const packets = talk(1_000);
      stage.run(1_000);
      const waits = packets.map(({ offeredMs, deliveredMs }) => deliveredMs - offeredMs);
      expect(Math.min(...waits)).toBeGreaterThan(0);
      expect(Math.max(...waits)).toBeLessThan(3 * delayMs + 50);
    },
  );
});
