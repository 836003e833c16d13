/** The highest rate that a subject carries with next to no loss. */

/** More is loss; less is a stray packet of a busy machine. */
export const TOLERATED_LOSS = 0.005;
/** So little loss may have been an accident: the same rate gets a second chance. */
const DOUBTFUL_LOSS = 0.03;
/** Spent beyond the given ones while nothing has passed: a gap in the table says little. */
const EXTRA_PROBES = 4;

export interface Probe {
  readonly sentPerSecond: number;
  readonly receivedPerSecond: number;
  /** Fraction 0..1. */
  readonly loss: number;
}

export interface Found<P extends Probe> {
  /** The best that passed; null when none did. */
  readonly best: P | null;
  /** The lowest rate that failed; null when the sender is the limit. */
  readonly failed: P | null;
}

/**
 * Sends without a limit first, then bisects between what passed and what failed. `probe(rate)` sends `rate` packets per
 * second, 0 = as many as it can. `probes` calls, a few more while nothing has passed.
 */
export async function searchRate<P extends Probe>(
  probe: (perSecond: number) => Promise<P>,
  probes: number,
): Promise<Found<P>> {
  let best: P | null = null;
  let failed: P | null = null;
  let rate = 0;
  let isSecondChance = false;
  for (let call = 0; call < probes + (best === null ? EXTRA_PROBES : 0); call++) {
    const result = await probe(rate);
    if (result.loss <= TOLERATED_LOSS) {
      if (best === null || result.receivedPerSecond > best.receivedPerSecond) best = result;
      if (rate === 0) break;
    } else if (rate !== 0 && result.loss < DOUBTFUL_LOSS && !isSecondChance) {
      isSecondChance = true;
      continue;
    } else failed = result;
    isSecondChance = false;
    rate = nextRate(best, failed);
  }
  return { best, failed };
}

function nextRate(best: Probe | null, failed: Probe | null): number {
  const high = failed?.sentPerSecond ?? 0;
  // An overloaded subject delivers about what it can carry, often less, sometimes next to nothing.
  if (best === null) return Math.max(0.9 * Math.min(failed?.receivedPerSecond ?? 0, high / 1.25), high / 3);
  return Math.sqrt(best.receivedPerSecond * high);
}
