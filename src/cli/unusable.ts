/** Why interfaces carry no path, and what to do about it. */
import type { UnusableInterface } from '../engine/messages.ts';

/** In the order given, two or three lines each. */
export function formatUnusable(unusable: readonly UnusableInterface[]): string[] {
  return unusable.flatMap(({ what, why, fix }) => [
    `  ${what}`,
    ...(why === undefined ? [] : [`    cause: ${why}`]),
    ...(fix === undefined ? [] : [`    fix: ${fix}`]),
  ]);
}
