/** The order of paths: which carries packets when one has to. */
import type { Path } from '../path/path.ts';
import { isUsable } from '../path/path-state.ts';

/** A path that loses so much comes after those that do not; the one in front stays there until it loses so much. */
const LOSSY = 0.1;
const CLEARLY_LOSSLESS = 0.05;
/** A challenger has to be so much faster, or two paths of a kind would take turns. */
const RTT_MARGIN = 0.8;

/** Paths that could carry packets. */
export function usablePaths(paths: readonly (Path | null)[]): Path[] {
  return paths.filter((path): path is Path => path !== null && isUsable(path.state) && !path.isExhausted);
}

/** Paths that may carry packets: backups only while nothing else is up, exhausted ones never. */
export function candidates(paths: readonly (Path | null)[]): Path[] {
  const usable = usablePaths(paths);
  const ordinary = usable.filter((path) => !path.isBackup);
  return ordinary.some((path) => path.state === 'up') ? ordinary : usable;
}

/** Best first: up, without much loss, fast; `holder` stays in front unless another is clearly better. */
export function rank(paths: readonly Path[], holder: Path | null): Path[] {
  const ranked = [...paths].sort(compare);
  if (holder === null || ranked[0] === holder || !ranked.includes(holder)) return ranked;
  if (isClearlyBetter(ranked[0], holder)) return ranked;
  return [holder, ...ranked.filter((path) => path !== holder)];
}

function compare(a: Path, b: Path): number {
  return (
    suspicion(a) - suspicion(b) ||
    Number(a.isBackup) - Number(b.isBackup) ||
    Number(loss(a) >= LOSSY) - Number(loss(b) >= LOSSY) ||
    // Infinity less Infinity is no order.
    (a.outflow.load.baseRttMs < b.outflow.load.baseRttMs
      ? -1
      : Number(a.outflow.load.baseRttMs > b.outflow.load.baseRttMs))
  );
}

function isClearlyBetter(challenger: Path, holder: Path): boolean {
  if (suspicion(challenger) !== suspicion(holder)) return suspicion(challenger) < suspicion(holder);
  if (challenger.isBackup !== holder.isBackup) return holder.isBackup;
  if (loss(holder) >= LOSSY && loss(challenger) < CLEARLY_LOSSLESS) return true;
  if (loss(challenger) >= LOSSY) return false;
  return challenger.outflow.load.baseRttMs < RTT_MARGIN * holder.outflow.load.baseRttMs;
}

function suspicion(path: Path): number {
  return path.state === 'up' ? 0 : 1;
}

function loss(path: Path): number {
  return path.outflow.loss.fraction ?? 0;
}
