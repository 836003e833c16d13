import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RESERVED_COUNTERS, reserveCounters } from '../../src/state/handshake-counter.ts';

const NOW_MS = Date.UTC(2026, 5, 1);

/** Starts a client again and again; returns the first counter of each run. */
function firsts(clocksMs: readonly number[]): number[] {
  let stored = 0;
  return clocksMs.map((clockMs) => {
    const { first, next } = reserveCounters(stored, clockMs);
    stored = next;
    return first;
  });
}

describe('no run uses a counter of an earlier one', () => {
  test('whatever the clock does, while the disk remembers', () => {
    const clock = fc.integer({ min: -1, max: Date.UTC(2300, 0) });
    fc.assert(
      fc.property(fc.array(clock, { minLength: 2, maxLength: 30 }), (clocks) => {
        const runs = firsts(clocks);
        for (let i = 1; i < runs.length; i++)
          expect(runs[i]).toBeGreaterThanOrEqual(runs[i - 1] + RESERVED_COUNTERS);
      }),
    );
  });

  test('with a clock that wakes in 1970 each time', () => {
    expect(firsts([0, 0, 12_345])).toEqual([1, 1 + RESERVED_COUNTERS, 12_345 * 1_024]);
    expect(firsts([NOW_MS, 0])[1]).toBe(NOW_MS * 1_024 + RESERVED_COUNTERS);
  });

  test('after an older backup came back, while the clock runs', () => {
    const backup = reserveCounters(0, NOW_MS).next;
    const lastBeforeLoss = reserveCounters(backup, NOW_MS + 86_400_000).next;
    expect(reserveCounters(backup, NOW_MS + 2 * 86_400_000).first).toBeGreaterThan(lastBeforeLoss);
  });

  test('when a unit restarts as fast as it can, the disk does not run away from the clock', () => {
    const runs = firsts(Array.from({ length: 1_000 }, (_, i) => NOW_MS + 1_100 * i));
    expect(runs.at(-1)).toBe((NOW_MS + 1_100 * 999) * 1_024);
  });
});

test('a clock in the far future is not believed', () => {
  expect(reserveCounters(5, Date.UTC(9000, 0)).first).toBe(5);
  expect(reserveCounters(0, Date.UTC(2199, 0)).next).toBeLessThan(Number.MAX_SAFE_INTEGER);
});
