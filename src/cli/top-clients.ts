/** A server's clients in `top`: those that do most first, one of them marked. */

import { formatCount, formatFraction, formatRate, formatRtt } from '../format.ts';
import type { Column, PeerTrend, TrendsAnswer } from '../trends/answer.ts';
import type { Line, Segment } from './screen.ts';
import { sparkline } from './sparkline.ts';

interface ClientsView {
  readonly columns: number;
  readonly rows: number;
  readonly isAscii: boolean;
  /** Name. */
  readonly marked?: string;
}

const BUSY_SECONDS = 10;

/** By what they carried in the last seconds; those that left come last. */
export function sortClients(peers: readonly PeerTrend[]): PeerTrend[] {
  const rank = new Map(peers.map((peer) => [peer, peer.isConnected ? 1 + recent(peer) : 0]));
  return [...peers].sort(
    (a, b) => (rank.get(b) ?? 0) - (rank.get(a) ?? 0) || a.name.localeCompare(b.name, 'en'),
  );
}

/** The first one where nobody was marked, or who was has gone. */
export function markedPlace(sorted: readonly PeerTrend[], marked: string | undefined): number {
  return Math.max(
    0,
    sorted.findIndex(({ name }) => name === marked),
  );
}

export function clientLines(peers: readonly PeerTrend[], trends: TrendsAnswer, view: ClientsView): Line[] {
  const { columns, isAscii } = view;
  const marked = markedPlace(peers, view.marked);
  if (peers.length === 0) return [['  no client was here lately']];
  const nameWidth = Math.min(24, Math.max(6, ...peers.map(({ name }) => name.length)));
  const head = ` ${'client'.padEnd(nameWidth)}  ${HEAD}`;
  const graphWidth = Math.max(0, columns - head.length - 2);
  const rows = Math.max(1, view.rows - 2);
  const from = Math.max(0, Math.min(marked - rows + 1, peers.length - rows));
  const lines = peers.slice(from, from + rows).map((peer, i): Line => {
    const text = ` ${peer.name.slice(0, nameWidth).padEnd(nameWidth)}  ${figures(peer)}`;
    const values = traffic(peer);
    const max = Math.max(...values.map((value) => value ?? 0));
    const graph = sparkline(values, graphWidth, { max, isAscii });
    const style = from + i === marked ? 'inverse' : peer.isConnected ? 'plain' : 'dim';
    return [[text, style], '  ', [graph, 'accent']];
  });
  return [[[head, 'dim'] as Segment], ...lines, ...more(trends, peers.length, rows)];
}

const HEAD = 'address          paths      rtt    loss           sent       received';

function figures(peer: PeerTrend): string {
  const open = peer.paths.filter(({ isOpen }) => isOpen).map(({ last }) => last);
  const up = open.filter(({ state }) => state === 'up');
  const rtts = up.flatMap(({ rttMs }) => (rttMs === null ? [] : [rttMs]));
  const losses = up.flatMap(({ lossOut, lossIn }) => [lossOut ?? 0, lossIn ?? 0]);
  return [
    (peer.address ?? '-').padEnd(15),
    (peer.isConnected ? `${up.length} of ${open.length}` : 'gone').padStart(7),
    formatRtt(rtts.length === 0 ? null : Math.min(...rtts)).padStart(8),
    formatFraction(losses.length === 0 ? null : Math.max(...losses)).padStart(7),
    formatRate(peer.isConnected ? (peer.columns.sent.at(-1) ?? null) : null).padStart(14),
    formatRate(peer.isConnected ? (peer.columns.received.at(-1) ?? null) : null).padStart(14),
  ].join(' ');
}

function traffic({ columns: { sent, received } }: PeerTrend): Column {
  return sent.map((value, i) => (value === null ? null : value + (received[i] ?? 0)));
}

function recent(peer: PeerTrend): number {
  return traffic(peer)
    .slice(-BUSY_SECONDS)
    .reduce<number>((sum, value) => sum + (value ?? 0), 0);
}

/** The daemon keeps the trends of the busiest; the rest is in `clients` and `status`. */
function more({ connectedCount, peers }: TrendsAnswer, listed: number, rows: number): Line[] {
  const here = peers.filter(({ isConnected }) => isConnected).length;
  const hidden = Math.max(0, listed - rows);
  const rest = Math.max(0, connectedCount - here);
  if (hidden + rest === 0) return [];
  return [[[` and ${formatCount(hidden + rest)} more`, 'dim']]];
}
