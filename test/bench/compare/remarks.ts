/** The causes beside a loss. */
import { type DropCounts, grownDrops } from './drops.ts';

/** Named at most, the largest first. */
const MAX_CAUSES = 5;

/** One line, or none when nothing was lost anywhere. */
export function lossRemarks(loss: string, before: DropCounts, after: DropCounts): string[] {
  const grown = grownDrops(before, after);
  if (grown.length === 0 && /^0 /.test(loss)) return [];
  const causes = grown.length === 0 ? 'no socket error nor drop' : grown.slice(0, MAX_CAUSES).join(', ');
  return [`${loss}: ${causes}`];
}
