/** Round-trip time of one path, from probes. */

/** RFC 6298 §2: gains of the two averages. */
const SMOOTHING = 1 / 8;
const VARIATION_GAIN = 1 / 4;

/** Smoothed round-trip time after RFC 9002 §5, ms. Null, and no variation, before the first sample. */
export class RttEstimator {
  private smoothed: number | null = null;
  private variation = 0;
  private minimum: number | null = null;
  private latest: number | null = null;

  get smoothedMs(): number | null {
    return this.smoothed;
  }

  /** Mean deviation: what `status` calls jitter. */
  get variationMs(): number {
    return this.variation;
  }

  get minMs(): number | null {
    return this.minimum;
  }

  get latestMs(): number | null {
    return this.latest;
  }

  handleSample(rttMs: number): void {
    this.latest = rttMs;
    this.minimum = Math.min(this.minimum ?? rttMs, rttMs);
    if (this.smoothed === null) {
      this.smoothed = rttMs;
      this.variation = rttMs / 2;
      return;
    }
    this.variation += VARIATION_GAIN * (Math.abs(this.smoothed - rttMs) - this.variation);
    this.smoothed += SMOOTHING * (rttMs - this.smoothed);
  }
}
