import { afterEach, describe, expect, it } from 'vitest';
import { HOME_NAT, link } from '../../sim/plans.ts';
import { Stage } from './stage.ts';

const RTT_MS = 60;
const MINUTE_MS = 60_000;

let stage: Stage;

afterEach(() => stage.close());

async function connect(paths = 1): Promise<void> {
  const access = link({ delayMs: RTT_MS / 2 }, { nat: HOME_NAT });
  stage = await Stage.connected({ clients: [Array.from({ length: paths }, () => access)] });
}

/** The machine sleeps for that long; its NAT forgets, and it may wake up in another network. */
function sleep(ms: number): void {
  const host = stage.client();
  host.sleep();
  for (const access of host.accesses) access.rebootNat(0);
  stage.run(ms);
  host.wake();
}

describe('a machine that wakes up', () => {
  it.each([
    ['a minute', 1],
    ['half an hour', 30],
    ['a night', 8 * 60],
  ])('after %s has its first packet through in three round trips', async (_time, minutes) => {
    await connect(2);
    sleep(minutes * MINUTE_MS);
    stage.client().post({ kind: 'wakeup' });
    const query = stage.up();
    expect(stage.until(() => query.deliveredMs >= 0, 10_000)).toBeLessThanOrEqual(3 * RTT_MS);
    const answer = stage.down();
    expect(stage.until(() => answer.deliveredMs >= 0, 10_000)).toBeLessThanOrEqual(2 * RTT_MS);
    expect(stage.seenByClient().session.established).toBe(true);
  });

  it('keeps its address', async () => {
    await connect();
    const { address } = stage.seenByClient();
    sleep(10 * 60 * MINUTE_MS);
    stage.client().post({ kind: 'wakeup' });
    stage.run(2_000);
    expect(stage.seenByClient().address).toBe(address);
  });
});

describe('a link that somebody knows to be there again', () => {
  it('is asked at once, and what waited leaves with the answer', async () => {
    await connect();
    stage.shape(0, 0, { blackhole: true });
    stage.run(5 * MINUTE_MS);
    const waiting = [stage.up(), stage.up()];
    stage.run(3_000);
    stage.shape(0, 0, { blackhole: false });
    stage.client().post({ kind: 'wakeup', path: 0 });
    const all = () => waiting.every(({ deliveredMs }) => deliveredMs >= 0);
    expect(stage.until(all, 10_000)).toBeLessThanOrEqual(3 * RTT_MS);
  });

  it('leaves the other paths in use', async () => {
    await connect(2);
    stage.client().post({ kind: 'wakeup', path: 1 });
    const packet = stage.up();
    expect(stage.until(() => packet.deliveredMs >= 0, 1_000)).toBeLessThanOrEqual(RTT_MS);
    expect(stage.until(() => stage.seenByClient().paths[1].state === 'up', 1_000)).toBeLessThanOrEqual(
      2 * RTT_MS,
    );
  });

  it('still brings what was under way to the socket from before', async () => {
    await connect();
    const answer = stage.down();
    stage.run(5);
    stage.client().post({ kind: 'wakeup', path: 0 });
    expect(stage.until(() => answer.deliveredMs >= 0, 1_000)).toBeLessThanOrEqual(RTT_MS / 2);
  });

  it('gets once more what went into the void before', async () => {
    await connect();
    for (let i = 0; i < 50; i++) {
      stage.up();
      stage.run(20);
    }
    stage.shape(0, 0, { blackhole: true });
    const lost = [stage.up(), stage.up()];
    stage.run(100);
    stage.shape(0, 0, { blackhole: false });
    stage.client().post({ kind: 'wakeup', path: 0 });
    const all = () => lost.every(({ deliveredMs }) => deliveredMs >= 0);
    expect(stage.until(all, 10_000)).toBeLessThanOrEqual(2 * RTT_MS);
  });
});
