/** Choices that several policies make. */
import type { Path } from '../path/path.ts';
import type { Choice } from './policy.ts';

export function maskOf(paths: readonly Path[]): number {
  let mask = 0;
  for (const path of paths) mask |= 1 << path.id;
  return mask;
}

/** Every packet over all of `paths`. */
export function copyOver(paths: readonly Path[]): Choice {
  return { copies: maskOf(paths), spread: 0, smallCopies: 0, byFlow: false };
}

/**
 * Every packet over one of those that are up, small ones over `smallCopies` as well. A suspect path gets nothing of its own:
 * what it carries may be lost. Where all are suspect, all carry everything.
 */
export function spreadOver(paths: readonly Path[], byFlow: boolean, smallCopies = 0): Choice {
  const up = paths.filter((path) => path.state === 'up');
  if (up.length === 0) return copyOver(paths);
  if (up.length === 1 && smallCopies === 0) return copyOver(up);
  return { copies: 0, spread: maskOf(up), smallCopies, byFlow };
}
