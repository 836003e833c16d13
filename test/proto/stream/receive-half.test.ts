import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  Budget,
  INITIAL_WINDOW_BYTES,
  MAX_RANGES,
  MAX_WINDOW_BYTES,
  WINDOW_BUDGET_BYTES,
} from '../../../src/proto/stream/limits.ts';
import { ReceiveHalf } from '../../../src/proto/stream/receive-half.ts';

const RTT_MS = 50;

/** Numbers [first, first + length) of the stream whose byte `n` is `n` times 7. */
function bytesOf(first: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (first + i) * 7);
}

function started(budget = new Budget(WINDOW_BUDGET_BYTES)): ReceiveHalf {
  const half = new ReceiveHalf(budget);
  half.handleStart();
  return half;
}

function give(half: ReceiveHalf, first: number, length: number): string {
  return half.handleData(first, bytesOf(first, length), 0, length);
}

/** What the application takes of it, at most `most` bytes, each of them checked. */
function takeSome(half: ReceiveHalf, taken: number, most: number, now: number): number {
  const bytes = half.peek();
  if (bytes === null) return 0;
  const length = Math.min(most, bytes.length);
  expect(Buffer.from(bytes.subarray(0, length)).equals(bytesOf(taken + 1, length))).toBe(true);
  half.take(length);
  half.pollLimit(RTT_MS, now);
  return length;
}

it('gives every byte once and in order, whatever comes when; never beyond the limit; the limit never goes back', () => {
  const part = fc.record({
    first: fc.integer({ min: -10_000, max: 90_000 }),
    length: fc.nat(40_000),
    take: fc.nat(60_000),
  });
  fc.assert(
    fc.property(fc.array(part, { maxLength: 60 }), (parts) => {
      const budget = new Budget(WINDOW_BUDGET_BYTES);
      const half = started(budget);
      let taken = 0;
      for (const [at, { first, length, take }] of parts.entries()) {
        const limit = half.limit;
        // Around what comes next, and often it itself.
        const from = at % 3 === 0 ? taken + 1 + half.readableBytes : taken + first;
        const verdict = give(half, from, length);
        if (from < 1 || (length > 0 && from + length > limit)) expect(['beyond', 'known']).toContain(verdict);
        half.pollLimit(RTT_MS, at);
        taken += takeSome(half, taken, take, at);
        expect(half.limit).toBeGreaterThanOrEqual(limit);
        expect(half.limit - taken).toBeLessThanOrEqual(1 + MAX_WINDOW_BYTES);
        expect(half.heldBytes).toBeLessThanOrEqual(MAX_WINDOW_BYTES);
      }
      half.release();
      expect(budget.usedBytes).toBe(0);
    }),
    { numRuns: 60 },
  );
});

it('the windows of many take no more than their budget', () => {
  const budget = new Budget(4 * INITIAL_WINDOW_BYTES);
  const halves = Array.from({ length: 10 }, () => started(budget));
  for (const half of halves)
    for (let taken = 0, now = 0; taken < 500_000; now++) {
      give(half, taken + 1, Math.min(1_000, half.limit - taken - 1));
      half.pollLimit(RTT_MS, now);
      taken += takeSome(half, taken, 1_000, now);
    }
  expect(budget.usedBytes).toBeLessThanOrEqual(4 * INITIAL_WINDOW_BYTES);
  for (const half of halves) half.release();
  expect(budget.usedBytes).toBe(0);
});

it('holes are bounded: what would make one more is refused, what fills one is taken', () => {
  const half = started();
  for (let hole = 1; hole < MAX_RANGES; hole++) expect(give(half, 10 * hole, 1)).toBe('new');
  expect(give(half, 10 * MAX_RANGES, 1)).toBe('beyond');
  expect(give(half, 1, 9)).toBe('new');
  expect(give(half, 10 * MAX_RANGES, 1)).toBe('new');
});

it('a stop stands where it was said to stand, behind everything', () => {
  const half = started();
  give(half, 1, 100);
  expect(half.handleStop(50)).toBe('beyond');
  expect(half.handleStop(0)).toBe('beyond');
  expect(half.handleStop(111)).toBe('new');
  expect(half.handleStop(111)).toBe('known');
  expect(half.handleStop(112)).toBe('beyond');
  expect(give(half, 105, 10)).toBe('beyond');
  expect(half.isComplete).toBe(false);
  expect(give(half, 101, 10)).toBe('new');
  expect(half.isComplete).toBe(true);
  expect(half.readableBytes).toBe(110);
  half.take(110);
  expect(half.isEnded).toBe(true);
});
