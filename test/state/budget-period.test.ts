import { describe, expect, test } from 'vitest';
import { currentUse, periodEndMs, periodStartMs } from '../../src/state/budget-period.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const at = (...parts: [number, number, number, number?]) => new Date(...parts).getTime();

describe('periods are the calendar’s', () => {
  const noon = at(2026, 1, 14, 12);
  test.each([
    ['hour', noon, noon + HOUR],
    ['day', at(2026, 1, 14), at(2026, 1, 15)],
    ['month', at(2026, 1, 1), at(2026, 2, 1)],
  ] as const)('%s', (period, start, end) => {
    expect(periodStartMs(period, noon + 1_234)).toBe(start);
    expect(periodEndMs(period, noon + 1_234)).toBe(end);
    expect(periodStartMs(period, end - 1)).toBe(start + (period === 'hour' ? 0 : 0));
    expect(periodStartMs(period, end)).toBe(end);
  });
});

describe('use', () => {
  const today = at(2026, 5, 10);
  const used = { periodStartMs: today, usedBytes: 700 };
  const day = (use: typeof used | undefined, wallMs: number, inForceMs = 0) =>
    currentUse(use, 'day', wallMs, inForceMs);

  test('nothing yet', () =>
    expect(day(undefined, today + HOUR)).toEqual({ periodStartMs: today, usedBytes: 0 }));
  test('the same day goes on', () => expect(day(used, today + 23 * HOUR)).toBe(used));
  test('the next day begins at nothing', () =>
    expect(day(used, today + DAY + 1)).toEqual({ periodStartMs: today + DAY, usedBytes: 0 }));

  test('a clock that jumps back gives nothing away, nor when it comes forward again', () => {
    for (const back of [HOUR, DAY, 400 * DAY, today - 1_000]) expect(day(used, today - back)).toBe(used);
    expect(day(used, today + HOUR)).toBe(used);
  });

  test('a board that wakes in 1970 and is put right keeps what it has spent', () => {
    const woken = day(undefined, 5_000);
    const spent = { ...woken, usedBytes: 300 };
    expect(day(spent, today + HOUR)).toEqual({ periodStartMs: today, usedBytes: 300 });
    expect(day(used, 5_000)).toBe(used);
  });

  test('a clock that was years ahead is outwaited', () => {
    const ahead = { periodStartMs: at(2099, 0, 1), usedBytes: 900 };
    expect(day(ahead, today, 24 * HOUR)).toBe(ahead);
    expect(day(ahead, today, 25 * HOUR)).toEqual({ periodStartMs: today, usedBytes: 0 });
  });
});
