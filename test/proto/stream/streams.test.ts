import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BACKLOG_BUDGET_BYTES,
  Budget,
  CHANNEL_BYTES,
  MAX_CHANNELS,
  WINDOW_BUDGET_BYTES,
} from '../../../src/proto/stream/limits.ts';
import type { Stream } from '../../../src/proto/stream/stream.ts';
import { TerminateKind } from '../../../src/proto/wire/stream-commands.ts';
import { Pair, type Program, TARGET, type WireSettings } from './pair.ts';

const HOUR_MS = 3_600_000;
const MEMORY_BYTES = 2 * (WINDOW_BUDGET_BYTES + BACKLOG_BUDGET_BYTES);

type Exchange = ReturnType<Pair['exchange']>;

/** Everything written arrived, both directions ended, nobody holds anything any more. */
function finishes(pair: Pair, exchanges: readonly Exchange[], limitMs: number): boolean {
  return pair.run(limitMs, () => {
    for (const end of pair.ends) expect(end.streams.heldBytes).toBeLessThanOrEqual(MEMORY_BYTES);
    return (
      exchanges.every(({ here, there }) => here.isDone && there()?.isDone === true) &&
      pair.ends.every((end) => end.streams.count === 0)
    );
  });
}

function expectWhole({ here, there }: Exchange, up: number, down: number): void {
  expect(there()?.received).toBe(up);
  expect(here.received).toBe(down);
}

describe('streams', { timeout: 120_000 }, () => {
  it('carry bytes both ways and end in each direction', () => {
    const pair = new Pair(1);
    const exchange = pair.exchange(100_000, 200_000);
    expect(finishes(pair, [exchange], 10_000)).toBe(true);
    expectWhole(exchange, 100_000, 200_000);
  });

  it('without a byte start and end', () => {
    const pair = new Pair(1);
    const exchange = pair.exchange(0, 0);
    expect(finishes(pair, [exchange], 1_000)).toBe(true);
  });

  it('go on in one direction after the other has ended', () => {
    const pair = new Pair(1, { rate: 1_000 });
    const exchange = pair.exchange(10, 1e9);
    pair.run(5_000);
    expect(exchange.there()?.isEnded).toBe(true);
    expect(exchange.here.received).toBeGreaterThan(1e6);
    expect(exchange.here.isEnded).toBe(false);
  });

  const wire = fc.record({
    delayMs: fc.constantFrom(0.2, 10, 150, 600),
    jitterMs: fc.constantFrom(0, 5, 100),
    loss: fc.constantFrom(0, 0.05, 0.3),
    duplicate: fc.constantFrom(0, 0.2),
    rate: fc.constantFrom(100, 2_500, Number.POSITIVE_INFINITY),
    queueBytes: fc.constantFrom(10_000, 200_000),
    interiorBytes: fc.constantFrom(548, 1_360),
  });
  const sizes = fc.tuple(fc.nat(60_000), fc.nat(60_000));
  /** Cuts that nobody hears of, paths that go, paths that are told to spread. */
  const outage = fc.record({
    afterMs: fc.nat(1_500),
    forMs: fc.constantFrom(50, 700, 5_000, HOUR_MS),
    kind: fc.constantFrom('cut', 'gone', 'one-path', 'spread', 'small'),
  });

  it('bring every byte once, in order and complete, whatever the network does', () => {
    fc.assert(
      fc.property(
        fc.nat(1e6),
        wire,
        fc.array(sizes, { minLength: 1, maxLength: 4 }),
        fc.array(outage, { maxLength: 4 }),
        (seed, settings, transfers, outages) => {
          const pair = new Pair(seed, settings);
          const both = () => {
            for (const end of pair.ends) end.connect(3);
          };
          both();
          const exchanges = transfers.map(([up, down]) => pair.exchange(up, down));
          for (const { afterMs, forMs, kind } of outages) {
            pair.run(afterMs);
            disturb(pair, kind, settings);
            pair.run(forMs);
            pair.cut(0, false);
            pair.cut(1, false);
            both();
          }
          expect(finishes(pair, exchanges, HOUR_MS)).toBe(true);
          for (const [i, [up, down]] of transfers.entries()) expectWhole(exchanges[i], up, down);
          expect(pair.refused).toBe(0);
        },
      ),
      { numRuns: 40 },
    );
  });

  function disturb(pair: Pair, kind: string, settings: WireSettings): void {
    switch (kind) {
      case 'cut':
        pair.cut(0, true);
        pair.cut(1, true);
        break;
      case 'gone':
        for (const end of pair.ends) end.connect(0);
        break;
      case 'one-path':
        pair.cut(0, true);
        for (const end of pair.ends) end.connect(2);
        break;
      case 'spread':
        for (const end of pair.ends) end.connect(0, 3);
        break;
      case 'small':
        pair.settings = { ...settings, interiorBytes: 500 };
    }
  }

  it('wait out three days without a path, and need no time for it', () => {
    const pair = new Pair(3, { rate: 5_000 });
    const exchange = pair.exchange(3_000_000, 10);
    pair.run(100);
    for (const end of pair.ends) end.connect(0);
    const held = () => pair.ends.map((end) => end.streams.heldBytes);
    pair.run(1_000);
    const before = held();
    for (const end of pair.ends) expect(end.streams.dueMs(pair.nowMs)).toBe(Number.POSITIVE_INFINITY);
    pair.run(72 * HOUR_MS);
    expect(held()).toEqual(before);
    const received = exchange.there()?.received ?? 0;
    for (const end of pair.ends) end.connect(1);
    const sinceMs = pair.nowMs;
    expect(pair.run(1_000, () => (exchange.there()?.received ?? 0) > received)).toBe(true);
    expect(pair.nowMs - sinceMs).toBeLessThanOrEqual(2 * 40);
    expect(finishes(pair, [exchange], 60_000)).toBe(true);
    expectWhole(exchange, 3_000_000, 10);
  });

  it('a reader that takes nothing holds the writer up, and nothing grows', () => {
    const pair = new Pair(4, { rate: 1_000 });
    const exchange = pair.exchange(5_000_000, 0);
    pair.run(1_000);
    const there = exchange.there() as Program;
    there.isReading = false;
    pair.run(10_000);
    const held = pair.ends.map((end) => end.streams.heldBytes);
    const written = exchange.here.written;
    const sentDatagrams = pair.sentDatagrams;
    pair.run(HOUR_MS);
    expect(exchange.here.written).toBe(written);
    expect(pair.ends.map((end) => end.streams.heldBytes)).toEqual(held);
    // A question now and then whether it still does not, and its answer.
    expect(pair.sentDatagrams - sentDatagrams).toBeLessThan(300);
    there.isReading = true;
    there.read();
    expect(finishes(pair, [exchange], 60_000)).toBe(true);
  });

  it('a limit that was lost does not stop the writer for good', () => {
    const pair = new Pair(5);
    const exchange = pair.exchange(500_000, 0);
    pair.run(50);
    const there = exchange.there() as Program;
    there.isReading = false;
    pair.run(5_000);
    pair.cut(0, true);
    there.isReading = true;
    there.read();
    pair.run(300);
    pair.cut(0, false);
    expect(finishes(pair, [exchange], 60_000)).toBe(true);
  });

  it('one that ends at once ends at the other side, with its reason, however lossy the wire', () => {
    const pair = new Pair(6, { loss: 0.5 });
    let wanted: Stream | null = null;
    pair.server.onWanted = (stream) => {
      wanted = stream;
      stream.terminate(TerminateKind.REFUSED);
    };
    const stream = pair.client.streams.open(TARGET, 0) as Stream;
    expect(pair.run(60_000, () => stream.phase === 'over')).toBe(true);
    expect(stream.endedBy).toBe(TerminateKind.REFUSED);
    expect((wanted as Stream | null)?.target).toEqual(TARGET);
    const isForgotten = () =>
      pair.ends.every((end) => end.streams.dueMs(pair.nowMs) === Number.POSITIVE_INFINITY);
    expect(pair.run(60_000, isForgotten)).toBe(true);
  });

  it('that the peer has not been told of begin with the next one', () => {
    const pair = new Pair(7);
    for (const end of pair.ends) end.connect(0);
    const exchange = pair.exchange(1_000, 1_000);
    pair.run(100);
    for (const end of pair.ends) end.streams.handlePeerRestarted();
    pair.run(100);
    expect(exchange.here.endedBy).toBeNull();
    for (const end of pair.ends) end.connect(3);
    expect(finishes(pair, [exchange], 10_000)).toBe(true);
    expectWhole(exchange, 1_000, 1_000);
  });

  it('of a peer that has forgotten everything end', () => {
    const pair = new Pair(7, { rate: 2_500 });
    const exchange = pair.exchange(1e9, 0);
    pair.run(500);
    pair.server.streams.reset();
    pair.client.streams.reset();
    pair.run(1_000);
    expect(exchange.here.endedBy).toBe(TerminateKind.GONE);
    expect(exchange.there()?.endedBy).toBe(TerminateKind.GONE);
    expect(pair.ends.every((end) => end.streams.heldBytes === 0)).toBe(true);
    // And new ones begin.
    const next = pair.exchange(1_000, 1_000);
    expect(finishes(pair, [next], 10_000)).toBe(true);
  });

  it('beyond the limit are refused at either end', () => {
    const pair = new Pair(8, {}, 4);
    const exchanges = Array.from({ length: 4 }, () => pair.exchange(10, 1e9));
    expect(pair.client.streams.open(TARGET, 0)).toBeNull();
    const greedy = new Pair(8);
    greedy.server.onWanted = () => {};
    for (let i = 0; i < MAX_CHANNELS; i++) expect(greedy.client.streams.open(TARGET, 0)).not.toBeNull();
    expect(greedy.client.streams.open(TARGET, 0)).toBeNull();
    expect(exchanges).toHaveLength(4);
  });

  it('of one client are refused while those of others use up what the server has for all', () => {
    const memory = new Budget(3 * CHANNEL_BYTES);
    const [busy, other] = [1, 2].map((seed) => new Pair(seed, {}, MAX_CHANNELS, memory));
    const long = [1, 2, 3].map(() => busy.exchange(1e7, 1e7));
    busy.run(200);
    const refused = other.exchange(1_000, 1_000);
    other.run(200);
    expect([refused.here.endedBy, refused.there()]).toEqual([TerminateKind.LIMIT, null]);
    // Those that are open go on all the same.
    expect(finishes(busy, long, 60_000)).toBe(true);
    const late = other.exchange(1_000, 1_000);
    expect(finishes(other, [late], 5_000)).toBe(true);
    expectWhole(late, 1_000, 1_000);
    expect(memory.usedBytes).toBe(0);
  });

  it('a thousand are opened, used, half-closed and closed without a trace', () => {
    const pair = new Pair(9, { delayMs: 5, loss: 0.02 });
    const exchanges = Array.from({ length: 1_000 }, (_, i) => pair.exchange(i % 700, (i * 7) % 900));
    expect(finishes(pair, exchanges, 60_000)).toBe(true);
    for (const end of pair.ends) {
      expect(end.streams.heldBytes).toBe(0);
      expect(end.streams.dueMs(pair.nowMs)).toBe(Number.POSITIVE_INFINITY);
    }
  });

  it('data beyond the limit, behind the stop, or of a channel that cannot be, is refused', () => {
    const pair = new Pair(10);
    const exchange = pair.exchange(100, 1e6);
    pair.run(20_000, () => exchange.there()?.isEnded === true);
    const { streams } = pair.server;
    const { channel } = exchange.here.stream;
    const bytes = new Uint8Array(100);
    expect(streams.handleData(channel, 101, bytes, 0, 100, pair.nowMs)).toBe(false);
    expect(streams.handleStop({ channel, lastNumber: 50 }, pair.nowMs)).toBe(false);
    const idle = pair.exchange(0, 0);
    idle.here.endsAfter = false;
    const start = { ...TARGET, channel: 4_000 };
    expect(streams.handleStart({ ...start, channel: 1 }, pair.nowMs)).toBe(false);
    expect(streams.handleStart({ ...start, channel: 4_001 }, pair.nowMs)).toBe(false);
    expect(streams.handleStart(start, pair.nowMs)).toBe(true);
    expect(streams.handleData(4_000, 65_537, bytes, 0, 1, pair.nowMs)).toBe(false);
    expect(streams.handleData(4_000, 0, bytes, 0, 1, pair.nowMs)).toBe(false);
    expect(streams.handleStarted(4_000, pair.nowMs)).toBe(false);
  });

  it.each([
    { loss: 0, delayMs: 100, rate: 1_250, share: 0.7 },
    { loss: 0.1, delayMs: 100, rate: 1_250, share: 0.35 },
    { loss: 0.3, delayMs: 50, rate: 1_250, share: 0.2 },
  ])(
    'fill a way: $loss lost, $delayMs ms each way, $rate bytes/ms',
    ({ loss, delayMs, rate, share }) => {
      const bytes = 15_000 * rate;
      const pair = new Pair(2, { loss, delayMs, rate, queueBytes: 2 * delayMs * rate });
      const exchange = pair.exchange(1e9, 0);
      pair.run(20_000);
      expect(exchange.there()?.received).toBeGreaterThan(share * bytes);
    },
    60_000,
  );

  it('fill a way although both machines are busy with other things nearly all the time', () => {
    const rate = 12_500;
    const pair = new Pair(1, { delayMs: 0.2, rate, queueBytes: 4e6 });
    for (const end of pair.ends) pair.slumber(end, 10, 0.5);
    const { there } = pair.exchange(1e9, 0);
    pair.run(500);
    const before = there()?.received ?? 0;
    pair.run(500);
    expect((there()?.received ?? 0) - before).toBeGreaterThan(0.4 * 500 * rate);
  });

  it('spread over two ways use both', () => {
    const pair = new Pair(2, { delayMs: 15, rate: 1_000, queueBytes: 60_000 });
    for (const end of pair.ends) end.connect(0, 3);
    const exchange = pair.exchange(1e9, 0);
    pair.run(10_000);
    expect(exchange.there()?.received).toBeGreaterThan(0.8 * 2 * 1_000 * 10_000);
  });
});
