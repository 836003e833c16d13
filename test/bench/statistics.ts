/** Order statistics of small samples: the machine drifts and stalls, so a median with its spread says more than a mean. */

/** NaN for no values; the input is not changed. */
export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** `p` in 0..100, with linear interpolation between neighbours; NaN for no values. */
export function percentile(values: readonly number[], p: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (p / 100) * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.ceil(at);
  return sorted[below] + (sorted[above] - sorted[below]) * (at - below);
}

export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly count: number;
}

/** Of the finite values: a failed measurement is NaN and counts for nothing. Null when none is left. */
export function summarize(values: readonly number[]): Summary | null {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return null;
  return { median: median(finite), min: Math.min(...finite), max: Math.max(...finite), count: finite.length };
}

/** Repetition by repetition: what was measured side by side is divided, so that drift cancels out. */
export function pairedRatios(values: readonly number[], others: readonly number[]): number[] {
  const pairs = Math.min(values.length, others.length);
  return Array.from({ length: pairs }, (_, i) => values[i] / others[i]).filter(Number.isFinite);
}
