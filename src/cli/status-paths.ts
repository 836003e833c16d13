/** The story of each path: how it is, since when, what it carried, and what it was good for. */
import type { PathSnapshot } from '../engine/messages.ts';
import { formatBytes, formatCount, formatFraction, formatRtt, formatSpan } from '../format.ts';
import { type Column, formatColumns } from './columns.ts';

const COLUMNS: readonly Column<PathSnapshot>[] = [
  { title: 'path', cell: pathName, isText: true },
  { title: 'state', cell: formatState, isText: true },
  { title: 'rtt', cell: ({ rttMs, jitterMs }) => formatRtt(rttMs, jitterMs) },
  {
    title: 'loss out/in',
    cell: ({ lossOut, lossIn }) => `${formatFraction(lossOut)} / ${formatFraction(lossIn)}`,
  },
  { title: 'sent', cell: ({ sentBytes }) => formatBytes(sentBytes) },
  { title: 'received', cell: ({ receivedBytes }) => formatBytes(receivedBytes) },
  { title: 'first', cell: ({ firstArrivals }) => formatCount(firstArrivals) },
  { title: 'duplicates', cell: ({ duplicateDatagrams }) => formatCount(duplicateDatagrams) },
];

const BUDGET: Column<PathSnapshot> = { title: 'budget left', cell: formatBudget };

export function formatPaths(paths: readonly PathSnapshot[]): string[] {
  if (paths.length === 0) return ['  no paths'];
  const hasBudgets = paths.some(({ budget }) => budget !== undefined);
  return ['', ...formatColumns(hasBudgets ? [...COLUMNS, BUDGET] : COLUMNS, paths)];
}

/** What each link was good for. */
export function formatArrivals(paths: readonly PathSnapshot[]): string[] {
  const useful = paths.filter(({ firstArrivals }) => firstArrivals > 0);
  if (useful.length === 0) return [];
  const parts = useful.map((path, i) => {
    const count = formatCount(path.firstArrivals);
    if (i > 0) return `${count} over ${pathName(path)}`;
    return `${count} ${path.firstArrivals === 1 ? 'packet' : 'packets'} came first over ${pathName(path)}`;
  });
  return ['', `  ${parts.join(', ')}`, ...formatSaved(paths)];
}

/** What would be missing without the copies. */
function formatSaved(paths: readonly PathSnapshot[]): string[] {
  return paths
    .filter(({ savedPackets }) => savedPackets > 0)
    .map((path) => {
      const packets = path.savedPackets === 1 ? 'packet' : 'packets';
      return `  ${formatCount(path.savedPackets)} ${packets} arrived only because of ${pathName(path)}`;
    });
}

/** The interface, or on a server the client's outer address. */
function pathName({ interfaceName, remote }: PathSnapshot): string {
  if (interfaceName === undefined) return remote;
  return remote.startsWith('[') ? `${interfaceName}/IPv6` : interfaceName;
}

function formatState({ state, sinceMs, isBackup, isExhausted }: PathSnapshot): string {
  const why = isExhausted ? ', budget used up' : isBackup ? ', backup' : '';
  return `${state} ${formatSpan(sinceMs)}${why}`;
}

function formatBudget({ budget }: PathSnapshot): string {
  if (budget === undefined) return '-';
  return `${formatBytes(budget.leftBytes)} of ${formatBytes(budget.bytes)}/${budget.period}`;
}
