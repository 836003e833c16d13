/**
 * When a budget begins anew: with each hour, day or month of the calendar in the machine's time zone. A clock that jumps must never
 * give bytes away:
 *
 * - Back: the latest period that was ever seen stays in force until the clock has caught up with it.
 * - A clock that was ahead and was put right would hold that period for years. So a period also ends when as much time as it lasts
 *   has passed on the monotonic clock, within one run.
 * - Out of a time in which this program did not exist (a board that wakes in 1970): the calendar is believed from there on, but what
 *   was spent stays spent.
 */
import type { BudgetPeriod } from '../config/interface-spec.ts';

export interface BudgetUse {
  /** Milliseconds since the epoch: where the period in force began. */
  readonly periodStartMs: number;
  /** Set aside in it, spent or not. */
  readonly usedBytes: number;
}

/** No clock that is right was ever before this. */
const EARLIEST_CLOCK_MS = Date.UTC(2025, 0);

const LONGEST_MS: Readonly<Record<BudgetPeriod, number>> = {
  hour: 3_600_000,
  // A day of the end of summer time.
  day: 25 * 3_600_000,
  month: 31 * 86_400_000 + 3_600_000,
};

export function periodStartMs(period: BudgetPeriod, wallMs: number): number {
  const date = new Date(wallMs);
  if (period === 'hour') return wallMs - (((wallMs % 3_600_000) + 3_600_000) % 3_600_000);
  const day = period === 'month' ? 1 : date.getDate();
  return new Date(date.getFullYear(), date.getMonth(), day).getTime();
}

/** When the period that `wallMs` is in ends. */
export function periodEndMs(period: BudgetPeriod, wallMs: number): number {
  const date = new Date(periodStartMs(period, wallMs));
  if (period === 'hour') return date.getTime() + 3_600_000;
  if (period === 'day') return new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1).getTime();
  return new Date(date.getFullYear(), date.getMonth() + 1, 1).getTime();
}

/** The use in force now. `inForceMs`: for how long, on the monotonic clock, this run has seen `use` in force. */
export function currentUse(
  use: BudgetUse | undefined,
  period: BudgetPeriod,
  wallMs: number,
  inForceMs: number,
): BudgetUse {
  const start = periodStartMs(period, wallMs);
  if (use === undefined) return { periodStartMs: start, usedBytes: 0 };
  const isBelieved = wallMs >= EARLIEST_CLOCK_MS;
  if (isBelieved && use.periodStartMs < EARLIEST_CLOCK_MS) return { ...use, periodStartMs: start };
  const hasPassed = inForceMs >= LONGEST_MS[period];
  if ((isBelieved && start > use.periodStartMs) || hasPassed) return { periodStartMs: start, usedBytes: 0 };
  return use;
}
