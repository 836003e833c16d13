import { afterEach, describe, expect, it } from 'vitest';
import type { CoreEvent } from '../../../src/proto/events.ts';
import { hostOf, portOf } from '../../sim/net/address.ts';
import { packetBytes } from '../../sim/net/link.ts';
import { link } from '../../sim/plans.ts';
import { Random } from '../../sim/random.ts';
import { isHandshake, isUp, Stage } from './stage.ts';

const LIMIT_BYTES = 1_000_000;
/** A goodbye, a last report. */
const PROBE_BYTES = 100;

let stage: Stage;

afterEach(() => stage.close());

/** Outer bytes of one link, both ways, from now on; `isAtHome`: what comes down counts when it arrives. */
function meterAt(path: number, isAtHome = false): () => number {
  let bytes = 0;
  const { up, down } = stage.client().accesses[path];
  for (const direction of [up, down]) {
    const send = direction.send.bind(direction);
    const countsArrivals = isAtHome && direction === down;
    direction.send = (datagram, deliver) => {
      if (!countsArrivals) bytes += packetBytes(datagram);
      send(datagram, (arrived) => {
        if (countsArrivals) bytes += packetBytes(arrived);
        deliver(arrived);
      });
    };
  }
  return () => bytes;
}

/** 2 × 1,000 bytes each 5 ms: 3.2 Mbit/s. */
function talk(ms: number): number {
  let missing = 0;
  for (const endMs = stage.nowMs + ms; stage.nowMs < endMs; ) {
    const packets = [stage.up(undefined, 1_000), stage.down(undefined, 1_000)];
    stage.run(5);
    if (stage.nowMs < endMs - 500) missing += packets.filter(({ deliveredMs }) => deliveredMs < 0).length;
  }
  return missing;
}

function setBudget(path: number, limitBytes: number | undefined): void {
  stage.client().post({ kind: 'path-budget', path, limitBytes });
}

const spent = () => stage.client().client['association'].paths[0]?.spentBytes ?? 0;

describe('a path with a budget', () => {
  it.each([
    ['clean', {}],
    ['far away', { delayMs: 200 }],
    ['lossy', { loss: 0.1, delayMs: 30 }],
  ])('carries no byte more, and what it carried is counted: %s', async (_what, settings) => {
    stage = await Stage.connected({ clients: [[link(settings), link()]] });
    const before = spent();
    const meter = meterAt(0);
    setBudget(0, before + LIMIT_BYTES);
    // What was sent before the server heard of it does not count here.
    stage.run(1_000);
    talk(8_000);
    stage.run(60_000);
    talk(2_000);
    expect(meter()).toBeLessThanOrEqual(LIMIT_BYTES + PROBE_BYTES);
    expect(meter()).toBeGreaterThan(0.9 * LIMIT_BYTES);
    // What was lost on the way down cannot be counted.
    expect(Math.abs(spent() - before - meter())).toBeLessThan(
      ('loss' in settings ? 0.1 : 0.005) * LIMIT_BYTES,
    );
  });

  it.each([1, 2, 3, 4])('carries no byte more over whatever link: seed %s', async (seed) => {
    const random = new Random(seed, 'metered');
    const settings = {
      delayMs: random.between(0, 300),
      jitterMs: random.between(0, 50),
      loss: random.pick([0, 0.02, 0.2]),
      kilobitsPerSecond: random.pick([0, 1_000, 20_000]),
      duplicate: random.pick([0, 0.05]),
    };
    stage = await Stage.connected({ seed, clients: [[link(settings), link()]] });
    const limit = random.between(50_000, 2_000_000);
    const meter = meterAt(0, true);
    setBudget(0, spent() + limit);
    stage.run(2_000);
    talk(random.between(2_000, 6_000));
    stage.run(30_000);
    talk(2_000);
    expect(meter()).toBeLessThanOrEqual(limit + PROBE_BYTES);
  });

  it('leaves its packets to the others, and comes back with a new budget', async () => {
    stage = await Stage.connected({ clients: [[link(), link({ delayMs: 40 })]] });
    setBudget(0, spent() + LIMIT_BYTES);
    for (let i = 0; i < 200; i++) talk(25);
    expect(stage.seenByClient().paths[0].state).toBe('down');
    const during = stage.world.ledger.delivered;
    talk(1_000);
    expect(stage.world.ledger.delivered - during).toBeGreaterThan(300);
    const meter = meterAt(0);
    talk(2_000);
    expect(meter()).toBe(0);
    setBudget(0, undefined);
    expect(stage.until(() => stage.seenByClient().paths[0].state === 'up', 1_000)).toBeLessThan(100);
    talk(500);
    expect(meter()).toBeGreaterThan(100_000);
  });

  it.each(['failover', 'bond'] as const)(
    'leaves to a backup what comes faster than the ends hear of each other: %s',
    async (policy) => {
      const backup = link({ delayMs: 60 }, { wishes: { backup: true, metered: false } });
      stage = await Stage.connected({ clients: [[backup, link()]] });
      stage.client().setPolicy(policy, []);
      setBudget(1, 60_000);
      const packets = [];
      for (let i = 0; i < 10; i++) {
        packets.push(...stage.burst(40, 1_420));
        stage.run(200);
      }
      expect(packets.filter(({ deliveredMs }) => deliveredMs < 0)).toEqual([]);
    },
  );

  it('carries nothing to the sockets of a client that was killed and is back', async () => {
    stage = await Stage.connected({ clients: [[link(), link({ delayMs: 100 })]] });
    setBudget(1, spent() + LIMIT_BYTES);
    talk(3_000);
    const host = stage.client();
    host.stop(false);
    stage.run(500);
    host.start();
    setBudget(1, LIMIT_BYTES);
    const { down } = host.accesses[1];
    const sockets = host.accesses[1]['sockets'];
    stage.until(() => stage.isConnected(), 5_000);
    // The server has heard of it.
    stage.run(15);
    let lost = 0;
    const send = down.send.bind(down);
    down.send = (datagram, deliver) => {
      if (!sockets.has(portOf(datagram.to))) lost++;
      send(datagram, deliver);
    };
    talk(2_000);
    expect(stage.pathAtServer(1)?.state).toBe('up');
    expect(lost).toBe(0);
  });

  it('tells main when half of what it was given is used, when all of it is, and when it is closed', async () => {
    stage = await Stage.connected({ clients: [[link(), link()]] });
    const reports: Extract<CoreEvent, { kind: 'path-spent' }>[] = [];
    const host = stage.client();
    const emit = host['handleEvent'].bind(host);
    host['handleEvent'] = (event) => {
      if (event.kind === 'path-spent') reports.push(event);
      emit(event);
    };
    const limit = spent() + LIMIT_BYTES;
    setBudget(0, limit);
    talk(8_000);
    expect(reports.some(({ spentBytes }) => spentBytes > limit / 2 && spentBytes < 0.7 * limit)).toBe(true);
    expect(reports.at(-1)?.spentBytes).toBeGreaterThan(0.95 * limit);
    expect(reports.every(({ isFinal }) => !isFinal)).toBe(true);
    expect(reports.length).toBeLessThan(12);
    host.closePath(0);
    stage.run(10);
    expect(reports.at(-1)).toMatchObject({ path: 0, isFinal: true });
  });

  /** As main opens path `path`, with no more than these bytes. */
  function open(path: number, budgetBytes?: number): void {
    const where = { interfaceName: `if${path}`, family: 4, mark: 0, mtuBytes: 1_500 } as const;
    stage.client().accesses[path].isPresent = true;
    stage.client().post({ kind: 'path-open', path, ...where, budgetBytes });
  }

  it('carries no byte more when the server hears of the budget sooner than of the path', async () => {
    stage = await Stage.create({ clients: [[link(), link({ delayMs: 200 })]] });
    stage.client().accesses[1].isPresent = false;
    stage.client().start();
    stage.until(() => stage.seenByServer()?.paths[0]?.state === 'up', 5_000);
    stage.run(1_000);
    const meter = meterAt(1);
    open(1, 60_000);
    talk(3_000);
    expect(meter()).toBeGreaterThan(20_000);
    expect(meter()).toBeLessThanOrEqual(60_000 + PROBE_BYTES);
  });

  it('leaves no limit to a path that gets its number later', async () => {
    stage = await Stage.connected({ clients: [[link(), link()]] });
    setBudget(1, 40_000);
    talk(2_000);
    expect(stage.pathAtServer(1)?.state).not.toBe('up');
    stage.client().post({ kind: 'path-close', path: 1 });
    const meter = meterAt(1);
    open(1);
    talk(3_000);
    expect(meter()).toBeGreaterThan(1_000_000);
  });

  it('has nothing travel in pieces over others, where it is spare and takes small packets', async () => {
    const spare = link({ mtuBytes: 1_430 }, { mtuBytes: 1_430, wishes: { backup: true, metered: true } });
    stage = await Stage.connected({ clients: [[link(), spare]] });
    stage.client().post({ kind: 'path-budget', path: 1, limitBytes: 10_000_000 });
    stage.run(60_000);
    for (let i = 0; i < 100; i++) {
      stage.down(undefined, 1_400);
      stage.up(undefined, 1_400);
      stage.run(20);
    }
    expect([stage.seenByServer()?.fragmentsSent, stage.seenByClient().fragmentsSent]).toEqual([0, 0]);
  });

  it('takes no share that comes late, of the life before', async () => {
    stage = await Stage.connected({ clients: [[link(), link()]] });
    const host = stage.client();
    host.post({ kind: 'path-budget', path: 1, limitBytes: 600_000 });
    talk(100);
    let home = 0;
    stage.tap(({ from, ...rest }) => {
      if (home === 0 && isUp({ from, ...rest })) home = from;
      return true;
    });
    talk(20);
    // What this life says over its first link is late.
    const { kept } = stage.keepBack(
      (datagram) => isUp(datagram) && !isHandshake(datagram) && hostOf(datagram.from) === hostOf(home),
    );
    talk(300);
    host.stop(false);
    const late = kept.splice(0);
    stage.untap();
    host.start();
    host.post({ kind: 'path-budget', path: 1, limitBytes: 60_000 });
    stage.until(() => stage.isConnected(), 5_000);
    talk(100);
    const allowance = () => [...stage.server['associations']()][0].paths[1]?.allowance;
    const left = () => (allowance()?.['limitBytes'] ?? 0) - (allowance()?.['takenBytes'] ?? 0);
    const before = left();
    stage.inject(...late);
    stage.run(1);
    expect(left()).toBeLessThanOrEqual(before);
  });
});
