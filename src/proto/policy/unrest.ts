/**
 * Whether the paths are clean, for the policy `auto`: loss, jitter and latency of those that carry packets. Loss of a path that
 * is full says nothing about the path: copies would only fill it more.
 *
 * Where queues are too short to be seen, copies of everything may be what makes a path lose, for good. So after a while it is tried
 * without them where the paths that lose are used for what they take; ever more rarely, as long as they lose without copies, too.
 */
import type { Path } from '../path/path.ts';
import { Alarm } from './policy.ts';

/** Loss from which copies are worth their bytes; small packets cost little and belong to people who wait. */
const LOSS_FOR_ALL = 0.02;
const LOSS_FOR_SMALL = 0.008;
/** One lost packet is no pattern. */
const MIN_LOST = 1.5;
/** Mean deviation of the round-trip time that a conversation notices. */
const JITTER_MS = 20;
/** A path so much slower than it is when empty makes people wait. */
const SLOW_FACTOR = 2;
const SLOW_MS = 50;
/** Loss comes in spells: copies go on for so long after the last sign. */
const HOLD_MS = 5_000;
/** Copies of everything before the first trial without; twice as long after each that failed, up to the last. */
const FIRST_TRIAL_MS = 10_000;
const LAST_TRIAL_MS = 160_000;
/** A trial that went well for so long has shown that the copies were the cause. */
const TRIAL_MS = 10_000;
/** Beside two round trips: what is reported for so long was lost before the trial. */
const SETTLE_MS = 300;

export class Unrest {
  level: Alarm = Alarm.NONE;
  private untilMs = 0;
  private copyingSinceMs = 0;
  private patienceMs = FIRST_TRIAL_MS;
  /** Of the last trial, and when its reports begin to count. */
  private triedMs = Number.NEGATIVE_INFINITY;
  private settledMs = Number.NEGATIVE_INFINITY;

  /** To be called whenever something new is known of the paths that carry packets. */
  update(paths: readonly Path[], now: number): void {
    if (now < this.settledMs) forgive(paths);
    let seen: Alarm = Alarm.NONE;
    for (const path of paths) seen = Math.max(seen, alarmOf(path)) as Alarm;
    if (seen === Alarm.ALL && this.level !== Alarm.ALL) this.beginCopying(now);
    if (seen >= this.level && seen !== Alarm.NONE) {
      this.level = seen;
      this.untilMs = now + HOLD_MS;
    } else if (now >= this.untilMs && seen !== this.level) {
      this.level = seen;
      this.untilMs = now + HOLD_MS;
    }
    const isLong = this.level === Alarm.ALL && now - this.copyingSinceMs >= this.patienceMs;
    if (isLong && paths.every((path) => !loses(path) || path.outflow.load.isUsed))
      this.beginTrial(paths, now);
  }

  private beginCopying(now: number): void {
    this.copyingSinceMs = now;
    const hasFailed = now - this.triedMs < TRIAL_MS;
    this.patienceMs = hasFailed ? Math.min(2 * this.patienceMs, LAST_TRIAL_MS) : FIRST_TRIAL_MS;
  }

  private beginTrial(paths: readonly Path[], now: number): void {
    this.level = Alarm.SMALL;
    this.untilMs = now + HOLD_MS;
    this.triedMs = now;
    const slowestMs = paths.reduce((most, { rtt }) => Math.max(most, rtt.smoothedMs ?? 0), 0);
    this.settledMs = now + 2 * slowestMs + SETTLE_MS;
    forgive(paths);
  }
}

function forgive(paths: readonly Path[]): void {
  for (const { outflow } of paths) outflow.freshLoss.forget();
}

function loses(path: Path): boolean {
  return alarmOf(path) === Alarm.ALL;
}

function alarmOf(path: Path): Alarm {
  const { rtt } = path;
  const { freshLoss, load } = path.outflow;
  const loss = freshLoss.lost >= MIN_LOST ? (freshLoss.fraction ?? 0) : 0;
  if (loss >= LOSS_FOR_ALL) return Alarm.ALL;
  if (loss >= LOSS_FOR_SMALL || path.state !== 'up') return Alarm.SMALL;
  if (load.isFull) return Alarm.NONE;
  const isSlow = (rtt.smoothedMs ?? 0) > SLOW_FACTOR * load.baseRttMs + SLOW_MS;
  return isSlow || rtt.variationMs > JITTER_MS ? Alarm.SMALL : Alarm.NONE;
}
