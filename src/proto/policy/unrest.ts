/**
 * Whether the paths are clean, for the policy `auto`: loss, jitter and latency of those that carry packets. Loss of a path that
 * is full says nothing about the path: copies would only fill it more.
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

export class Unrest {
  level: Alarm = Alarm.NONE;
  private untilMs = 0;

  /** To be called whenever something new is known of the paths that carry packets. */
  update(paths: readonly Path[], now: number): void {
    let seen: Alarm = Alarm.NONE;
    for (const path of paths) seen = Math.max(seen, alarmOf(path)) as Alarm;
    if (seen >= this.level && seen !== Alarm.NONE) {
      this.level = seen;
      this.untilMs = now + HOLD_MS;
    } else if (now >= this.untilMs && seen !== this.level) {
      this.level = seen;
      this.untilMs = now + HOLD_MS;
    }
  }
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
