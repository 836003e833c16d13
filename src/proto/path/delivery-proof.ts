/**
 * What one path says about the fate of a datagram that left over it. An answered probe vouches for all that left before it: a
 * path rarely swallows the earlier and delivers the later. Not so across a gap: what left while the path was moved, given up
 * or silent for long is lost, although the path answers again afterwards.
 */
export type Fate = 'arrived' | 'open' | 'lost';

export class DeliveryProof {
  /** The latest answered probe left then. */
  private provenMs = Number.NEGATIVE_INFINITY;
  private gapFromMs = Number.POSITIVE_INFINITY;
  private gapToMs = Number.NEGATIVE_INFINITY;
  private isOpen = false;
  /** Grows with each gap. */
  gaps = 0;

  /** `bornMs`: the path is as old as that; what left earlier left over another. */
  constructor(private readonly bornMs: number) {}

  /** The path is asked from the beginning, or given up. */
  beginGap(): void {
    if (this.isOpen) return;
    this.isOpen = true;
    this.gaps++;
    // What the last gap took may not have been sent again yet.
    if (this.provenMs >= this.gapToMs) this.gapFromMs = this.provenMs;
    this.gapToMs = Number.POSITIVE_INFINITY;
  }

  /** Nothing was heard from `fromMs` until now, although probes went out. */
  handleSilence(fromMs: number, now: number): void {
    this.beginGap();
    this.gapFromMs = Math.max(this.gapFromMs, Math.min(fromMs, now));
    this.handleProven(this.provenMs, now);
  }

  /** A probe that left at `sentMs` was answered. */
  handleProven(sentMs: number, now: number): void {
    this.provenMs = Math.max(this.provenMs, sentMs);
    if (!this.isOpen) return;
    this.isOpen = false;
    this.gapToMs = now;
  }

  /** True when the path was seen to work at or after that time. */
  isProvenSince(ms: number): boolean {
    return !this.isOpen && this.provenMs >= ms;
  }

  /** Of a datagram that left at `sentMs`; `isUp`: no answer is overdue. */
  fateOf(sentMs: number, isUp: boolean): Fate {
    if (sentMs < this.bornMs) return 'lost';
    if (sentMs > this.gapFromMs && sentMs < this.gapToMs) return 'lost';
    if (sentMs <= this.provenMs) return 'arrived';
    return isUp ? 'open' : 'lost';
  }
}
