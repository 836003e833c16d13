/** Which path carries every packet while the copies on the others are limited. */
import type { Path } from './path.ts';

/** A challenger has to be so much better, or two paths of a kind would take turns. */
const RATE_MARGIN = 1.5;
const RTT_MARGIN = 0.8;
/** What the primary loses, a limited copy may not bring. */
const LOSSY = 0.05;
const CLEARLY_LESS = 0.5;

/** The one that is not suspect, loses little, takes most, and is fastest, in this order; `current` stays unless another is clearly better. */
export function choosePrimary(paths: readonly Path[], current: Path | null): Path | null {
  let best = current !== null && paths.includes(current) ? current : null;
  for (const path of paths) if (best === null || isClearlyBetter(path, best)) best = path;
  return best;
}

function isClearlyBetter(challenger: Path, holder: Path): boolean {
  if (challenger.state !== holder.state) return challenger.state === 'up';
  if (losesLess(challenger, holder)) return true;
  if (losesLess(holder, challenger)) return false;
  const mine = challenger.outflow.budget.rate;
  const theirs = holder.outflow.budget.rate;
  if (mine > RATE_MARGIN * theirs) return true;
  if (theirs > RATE_MARGIN * mine) return false;
  const { smoothedMs } = challenger.rtt;
  return smoothedMs !== null && smoothedMs < RTT_MARGIN * (holder.rtt.smoothedMs ?? Number.POSITIVE_INFINITY);
}

function losesLess(path: Path, other: Path): boolean {
  const theirs = other.outflow.loss.fraction ?? 0;
  return theirs >= LOSSY && (path.outflow.loss.fraction ?? 0) < CLEARLY_LESS * theirs;
}
