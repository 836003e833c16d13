/** What `top` draws: the whole screen from what the daemon told, as lines that fit. */
import type { PeerSnapshot, Snapshot } from '../engine/messages.ts';
import { formatCount, formatRate, formatSpan } from '../format.ts';
import type { TrendsAnswer } from '../trends/answer.ts';
import { justify, type Line, type Segment } from './screen.ts';
import { clientLines, sortClients } from './top-clients.ts';
import { type Graphs, sparkRow } from './top-graphs.ts';
import { pathLines } from './top-paths.ts';
import { streamLines } from './top-streams.ts';

export interface TopData {
  readonly snapshot: Snapshot;
  readonly trends: TrendsAnswer;
}

export interface TopView {
  readonly columns: number;
  readonly rows: number;
  readonly isAscii: boolean;
  /** A server's client that is shown; absent: all of them. */
  readonly client?: string;
  /** Name of the client that is marked in the list of all. */
  readonly marked?: string;
  /** Why there is nothing new. */
  readonly trouble?: string;
}

const MIN_COLUMNS = 40;
const MIN_ROWS = 8;

/** At most `rows` lines; cutting them to `columns` is left to the terminal's end. */
export function topFrame(data: TopData, view: TopView): Line[] {
  const { columns, rows } = view;
  if (columns < MIN_COLUMNS || rows < MIN_ROWS) {
    return [[`${columns}×${rows} is too small for top: ${MIN_COLUMNS}×${MIN_ROWS}`]];
  }
  const body = view.client === undefined && data.snapshot.role === 'server' ? allClients : onePeer;
  const lines = [heading(data, columns), ...body(data, { ...view, rows: rows - 2 })].slice(0, rows - 1);
  const blanks = Array.from({ length: rows - 1 - lines.length }, (): Line => []);
  return [...lines, ...blanks, footing(data, view)];
}

function heading({ snapshot, trends }: TopData, columns: number): Line {
  const { role, tunName, uptimeMs, policy, peers } = snapshot;
  const [peer] = peers;
  const name: Segment[] = [
    ['resip-vpn ', 'dim'],
    [`${role} `, 'bold'],
    [tunName, 'bold'],
  ];
  if (role === 'server') {
    const { connectedCount, peerCount } = trends;
    const clients = `${formatCount(connectedCount)} of ${formatCount(peerCount)} clients connected`;
    return justify([...name, `  ${clients}`], [`up ${formatSpan(uptimeMs)}`], columns);
  }
  const address: Segment[] = peer?.address == null ? [] : [`  ${peer.address}`];
  return justify([...name, ...address, `  ${policy}`], [`up ${formatSpan(uptimeMs)}`], columns);
}

function onePeer({ snapshot, trends }: TopData, view: TopView): Line[] {
  const peer = snapshot.peers.find(({ name }) => name === (view.client ?? name));
  const past = trends.peers.find(({ name }) => name === peer?.name);
  if (peer === undefined) return [[], [`the server knows no client ${view.client}`]];
  const graphs: Graphs = { ...view, labelWidth: 9, figureWidth: 15 };
  const top: Line[] = [
    sessionLine(peer, snapshot.role === 'server'),
    ...(past === undefined
      ? []
      : [
          sparkRow('sent', formatRate(newest(past.columns.sent)), past.columns.sent, graphs),
          sparkRow('received', formatRate(newest(past.columns.received)), past.columns.received, graphs),
        ]),
    copiesLine(peer),
  ];
  const streams = streamLines(peer.streams);
  const room = view.rows - top.length - Math.min(streams.length, 3);
  const paths = pathLines(peer.paths, past?.paths ?? [], { ...graphs, rows: room });
  return [...top, ...paths, ...streams.slice(0, view.rows - top.length - paths.length)];
}

function sessionLine({ name, address, session, heldPackets }: PeerSnapshot, isServer: boolean): Line {
  const who: Segment[] = isServer ? [[`${name} `, 'bold'], `${address ?? 'no address'}  `] : [];
  const { established, suite, ageMs, silentMs } = session;
  const heard = silentMs === null ? 'never heard' : `last heard ${formatSpan(silentMs)} ago`;
  const held: Segment[] =
    heldPackets === 0 ? [] : [[`  ${formatCount(heldPackets)} packets wait for a path`, 'warning']];
  if (!established) return [...who, ['no session', 'bad'], `  ${heard}`, ...held];
  return [...who, ['connected', 'good'], ` for ${formatSpan(ageMs ?? 0)}, ${suite ?? ''}, ${heard}`, ...held];
}

/** What the copies were good for, and what they cost. */
function copiesLine({ paths, duplicatesDropped, isCopying, policy }: PeerSnapshot): Line {
  const saved = paths.reduce((sum, { savedPackets }) => sum + savedPackets, 0);
  const told = `copies saved ${formatCount(saved)} packets, ${formatCount(duplicatesDropped)} came second`;
  return [told, ...(policy === 'auto' ? [isCopying ? '  (copying now)' : '  (not copying now)'] : [])];
}

function allClients({ trends }: TopData, view: TopView): Line[] {
  const graphs: Graphs = { ...view, labelWidth: 9, figureWidth: 15 };
  const { sent, received } = trends.total;
  const top = [
    sparkRow('sent', formatRate(newest(sent)), sent, graphs),
    sparkRow('received', formatRate(newest(received)), received, graphs),
    [],
  ];
  return [
    ...top,
    ...clientLines(sortClients(trends.peers), trends, { ...view, rows: view.rows - top.length }),
  ];
}

function footing({ snapshot }: TopData, { client, columns, trouble }: TopView): Line {
  if (trouble !== undefined) return [[` ${trouble} `, 'inverse']];
  const keys =
    snapshot.role === 'client'
      ? 'q ends'
      : client === undefined
        ? '↑↓ chooses  Enter shows  q ends'
        : 'Esc all clients  q ends';
  return justify([[keys, 'dim']], [['a second per character, x = down', 'dim']], columns);
}

function newest(column: readonly (number | null)[]): number | null {
  return column.at(-1) ?? null;
}
