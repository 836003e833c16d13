import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BACKLOG_BUDGET_BYTES, Budget, INITIAL_WINDOW_BYTES } from '../../../src/proto/stream/limits.ts';
import { SendHalf } from '../../../src/proto/stream/send-half.ts';
import { Transmission } from '../../../src/proto/stream/transmission.ts';

const byteOf = (number: number) => (number * 13) & 0xff;

/** A sender and all that a receiver would know of it. */
class Model {
  readonly half = new SendHalf(new Budget(BACKLOG_BUDGET_BYTES));
  readonly underWay: Transmission[] = [];
  readonly arrived = new Set<number>();
  limit = 1 + INITIAL_WINDOW_BYTES;
  written = 1;

  constructor() {
    this.half.isOpen = true;
  }

  write(wanted: number): void {
    const length = Math.min(wanted, this.half.room(1e6));
    const bytes = Uint8Array.from({ length }, (_, i) => byteOf(this.written + i));
    this.half.write(bytes, 0, length);
    this.written += length;
  }

  send(maxBytes: number): boolean {
    const { half } = this;
    if (!half.next(maxBytes)) return false;
    const { first, end } = half;
    const length = end - first;
    expect(length).toBeGreaterThan(0);
    expect(length).toBeLessThanOrEqual(maxBytes);
    if (half.isStart(first) || half.isStop(first)) expect(length).toBe(1);
    else {
      expect(end).toBeLessThanOrEqual(this.limit);
      const bytes = new Uint8Array(length);
      half.read(first, length, bytes, 0);
      for (const [i, byte] of bytes.entries())
        if (byte !== byteOf(first + i)) throw new Error(`byte ${first + i}`);
    }
    const transmission = new Transmission();
    half.handleSent(transmission);
    this.underWay.push(transmission);
    return true;
  }

  /** One that is under way was lost, or arrived and was acknowledged. */
  settle(at: number, isLost: boolean): void {
    if (this.underWay.length === 0) return;
    const [transmission] = this.underWay.splice(at % this.underWay.length, 1);
    this.half.remove(transmission);
    if (isLost) this.half.handleLost(transmission);
    else {
      for (let n = transmission.first; n < transmission.end; n++) this.arrived.add(n);
      this.half.handleArrived(transmission.first, transmission.end);
    }
    this.half.advance();
  }

  allow(more: number): void {
    this.limit += more;
    this.half.handleLimit(this.limit);
    // An older word does not count.
    this.half.handleLimit(this.limit - more - 1);
  }
}

const step = fc.oneof(
  fc.record({ kind: fc.constant('write' as const), bytes: fc.nat(30_000) }),
  fc.record({ kind: fc.constant('send' as const), bytes: fc.integer({ min: 1, max: 1_400 }) }),
  fc.record({ kind: fc.constant('lose' as const), bytes: fc.nat(100) }),
  fc.record({ kind: fc.constant('ack' as const), bytes: fc.nat(100) }),
  fc.record({ kind: fc.constant('allow' as const), bytes: fc.nat(50_000) }),
);

it('sends every number until it arrives, never a byte beyond the limit, and is done when all have arrived', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
      const model = new Model();
      for (const { kind, bytes } of steps) {
        if (kind === 'write') model.write(bytes);
        else if (kind === 'send') model.send(bytes);
        else if (kind === 'allow') model.allow(bytes);
        else model.settle(bytes, kind === 'lose');
        expect(model.half.waitingBytes).toBeGreaterThanOrEqual(0);
      }
      model.half.stopAfterWritten();
      model.allow(1e7);
      let turns = 0;
      while (model.send(1_400) || model.underWay.length > 0) model.settle(turns, turns++ % 7 === 0);
      expect(model.half.isDone).toBe(true);
      // The start, the bytes, the stop.
      expect(model.arrived.size).toBe(model.written + 1);
    }),
    { numRuns: 100 },
  );
});

it('nothing is given back before it is known to have arrived', () => {
  const model = new Model();
  model.write(10_000);
  while (model.send(1_000));
  // All but the first packet of data.
  while (model.underWay.length > 2) model.settle(2, false);
  expect(model.half.waitingBytes).toBe(10_000);
  model.settle(1, false);
  model.settle(0, false);
  expect(model.half.waitingBytes).toBe(0);
});

it('is blocked when the peer takes no more, and has nothing under way', () => {
  const model = new Model();
  while (model.written <= INITIAL_WINDOW_BYTES + 1) model.write(20_000);
  while (model.send(1_400));
  expect(model.half.isBlocked).toBe(false);
  while (model.underWay.length > 0) model.settle(0, false);
  expect(model.half.isBlocked).toBe(true);
  model.allow(1);
  expect(model.half.isBlocked).toBe(false);
});

it('a stop needs no room at the peer', () => {
  const model = new Model();
  while (model.written < INITIAL_WINDOW_BYTES + 1) model.write(INITIAL_WINDOW_BYTES + 1 - model.written);
  model.half.stopAfterWritten();
  while (model.send(1_400) || model.underWay.length > 0) model.settle(0, false);
  expect(model.half.isDone).toBe(true);
});
