/** Spreads what a window allows over time: a bucket of bytes that fills at the sending rate. */

/** A timer that comes late is made up for, as far as this. */
const BURST_MS = 5;

export class Pacer {
  private tokens: number;
  private filledMs = 0;

  /** `burstBytes`: what may leave at once after a pause, however slow the way. */
  constructor(private readonly burstBytes: number) {
    this.tokens = burstBytes;
  }

  /** `rate`: bytes per millisecond. */
  fill(rate: number, now: number): void {
    const most = Math.max(this.burstBytes, rate * BURST_MS);
    this.tokens = Math.min(most, this.tokens + (now - this.filledMs) * rate);
    this.filledMs = now;
  }

  /** A packet may leave as soon as the debt of the last one is paid. */
  get isOpen(): boolean {
    return this.tokens > 0;
  }

  take(bytes: number): void {
    this.tokens -= bytes;
  }

  /** When it opens, at `rate`. */
  openMs(rate: number): number {
    return this.tokens > 0 ? this.filledMs : this.filledMs + (1 - this.tokens) / rate;
  }
}
