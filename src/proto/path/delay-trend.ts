/**
 * How much longer datagrams are under way in one direction than at best, from stamps of a clock that is not ours: its offset
 * cancels out, its drift (some ten parts in a million) is forgotten with the best of each minute.
 */

const SMOOTHING = 1 / 8;
/** The best is that of the current and the last span of this length. */
const SPAN_MS = 30_000;

export class DelayTrend {
  private base = 0;
  private hasBase = false;
  private spanMs = 0;
  private spanMin = Number.POSITIVE_INFINITY;
  private previousMin = Number.POSITIVE_INFINITY;
  private smoothed: number | null = null;

  /** Above the best, ms; null = unknown. */
  get extraMs(): number | null {
    if (this.smoothed === null) return null;
    return Math.max(0, this.smoothed - Math.min(this.spanMin, this.previousMin));
  }

  /** Stamps in µs that wrap at 2^32: of sending by the peer's clock, of arrival by ours. */
  handleStamps(sentMicros: number, arrivedMicros: number, now: number): void {
    const micros = (arrivedMicros - sentMicros) | 0;
    if (!this.hasBase) {
      this.hasBase = true;
      this.base = micros;
      this.spanMs = now;
    }
    const delayMs = ((micros - this.base) | 0) / 1_000;
    if (now - this.spanMs >= SPAN_MS) {
      this.previousMin = this.spanMin;
      this.spanMin = delayMs;
      this.spanMs = now;
    }
    this.spanMin = Math.min(this.spanMin, delayMs);
    this.smoothed = this.smoothed === null ? delayMs : this.smoothed + SMOOTHING * (delayMs - this.smoothed);
  }
}

/** Microseconds, wrapping at 2^32. */
export function stampUs(now: number): number {
  return Math.floor(now * 1000) % 2 ** 32;
}
