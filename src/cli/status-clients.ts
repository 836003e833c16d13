/** Many clients at a glance: one line each, those that are here first. */
import type { PeerSnapshot } from '../engine/messages.ts';
import { formatBytes, formatRtt, formatSpan } from '../format.ts';
import { type Column, formatColumns } from './columns.ts';

const COLUMNS: readonly Column<PeerSnapshot>[] = [
  { title: 'client', cell: ({ name }) => name, isText: true },
  {
    title: 'address',
    cell: ({ address, isStatic }) => `${address ?? '-'}${isStatic ? ' (static)' : ''}`,
    isText: true,
  },
  { title: 'session', cell: formatSession, isText: true },
  { title: 'paths', cell: formatPathCount, isText: true },
  { title: 'best rtt', cell: (peer) => formatRtt(bestRttMs(peer)) },
  { title: 'sent', cell: ({ sentBytes }) => formatBytes(sentBytes) },
  { title: 'received', cell: ({ receivedBytes }) => formatBytes(receivedBytes) },
];

export function formatClients(peers: readonly PeerSnapshot[]): string[] {
  const isHere = ({ session }: PeerSnapshot) => Number(session.established);
  const sorted = [...peers].sort((a, b) => isHere(b) - isHere(a) || a.name.localeCompare(b.name, 'en'));
  return ['', ...formatColumns(COLUMNS, sorted), '', '  resip-vpn status NAME tells all about one of them'];
}

function formatSession({ session: { established, ageMs, silentMs } }: PeerSnapshot): string {
  if (established) return `since ${formatSpan(ageMs ?? 0)}`;
  return silentMs === null ? 'none' : `none, heard ${formatSpan(silentMs)} ago`;
}

/** `2 up`, `1 of 2 up`, `-`. */
function formatPathCount({ paths }: PeerSnapshot): string {
  if (paths.length === 0) return '-';
  const up = paths.filter(({ state }) => state === 'up').length;
  return up === paths.length ? `${up} up` : `${up} of ${paths.length} up`;
}

function bestRttMs({ paths }: PeerSnapshot): number | null {
  let best: number | null = null;
  for (const { state, rttMs } of paths)
    if (state === 'up' && rttMs !== null) best = Math.min(best ?? rttMs, rttMs);
  return best;
}
