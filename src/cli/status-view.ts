/** The status for people. Programs read `status --json`. */
import type { PathSnapshot, PeerSnapshot, Snapshot } from '../engine/messages.ts';
import { formatBytes, formatCount, formatFraction, formatRtt, formatSpan, shortenKey } from './format.ts';
import { formatTable } from './table.ts';

const COLUMNS: readonly (readonly [title: string, cell: (path: PathSnapshot) => string])[] = [
  ['path', pathName],
  ['state', ({ state, sinceMs }) => `${state} ${formatSpan(sinceMs)}`],
  ['rtt', ({ rttMs }) => formatRtt(rttMs)],
  ['loss out/in', ({ lossOut, lossIn }) => `${formatFraction(lossOut)} / ${formatFraction(lossIn)}`],
  ['sent', ({ sentBytes }) => formatBytes(sentBytes)],
  ['received', ({ receivedBytes }) => formatBytes(receivedBytes)],
  ['first', ({ firstArrivals }) => formatCount(firstArrivals)],
  ['duplicates', ({ duplicateDatagrams }) => formatCount(duplicateDatagrams)],
];

export function formatStatus(snapshot: Snapshot): string {
  const { role, tunName, uptimeMs, mtuBytes, policy, publicKey, peers } = snapshot;
  const count = role === 'server' ? `, ${peers.length} ${peers.length === 1 ? 'client' : 'clients'}` : '';
  return [
    `${role} on ${tunName}, up ${formatSpan(uptimeMs)}${count}, policy ${policy}, MTU ${mtuBytes}, key ${shortenKey(publicKey)}`,
    ...peers.map(formatPeer),
    ...formatCounters('rejected datagrams', snapshot.rejects),
    ...formatCounters('dropped packets', snapshot.drops),
    '',
  ].join('\n');
}

function formatPeer(peer: PeerSnapshot): string {
  const addresses = [peer.address, peer.address6].filter((address) => address !== null);
  return [
    '',
    `${peer.name}  ${addresses.join(', ') || 'no address'}${peer.isStatic ? ' (static)' : ''}  key ${shortenKey(peer.publicKey)}`,
    `  ${formatSession(peer)}`,
    `  sent ${formatCount(peer.sentPackets)} packets (${formatBytes(peer.sentBytes)}), received ${formatCount(peer.receivedPackets)} (${formatBytes(peer.receivedBytes)}), ${formatCount(peer.duplicatesDropped)} duplicates dropped`,
    ...formatTrouble(peer),
    ...formatPaths(peer.paths),
    ...formatArrivals(peer.paths),
  ].join('\n');
}

function formatSession({ session }: PeerSnapshot): string {
  const { established, suite, ageMs, silentMs, handshakes } = session;
  const heard = silentMs === null ? 'never heard' : `last heard ${formatSpan(silentMs)} ago`;
  const times = `${formatCount(handshakes)} ${handshakes === 1 ? 'handshake' : 'handshakes'}`;
  if (!established) return `no session, ${heard}, ${times}`;
  return `session ${suite ?? ''} since ${formatSpan(ageMs ?? 0)}, ${heard}, ${times}`;
}

/** What should be zero. */
function formatTrouble(peer: PeerSnapshot): string[] {
  const counts: readonly (readonly [number, string])[] = [
    [peer.heldPackets, 'held until a path comes up'],
    [peer.holdOverflows, 'dropped because too many were held'],
    [peer.spoofedDropped, 'dropped because of a foreign source address'],
    [peer.reassemblyDropped, 'pieces dropped in reassembly'],
  ];
  const told = counts.filter(([count]) => count > 0).map(([count, what]) => `${formatCount(count)} ${what}`);
  return told.length === 0 ? [] : [`  ${told.join(', ')}`];
}

function formatPaths(paths: readonly PathSnapshot[]): string[] {
  if (paths.length === 0) return ['  no paths'];
  const table = formatTable(
    COLUMNS.map(([title]) => title),
    paths.map((path) => COLUMNS.map(([, cell]) => cell(path))),
    COLUMNS.map((_, i) => (i < 2 ? 'left' : 'right')),
  );
  return ['', ...table.trimEnd().split('\n')].map((line) => `  ${line}`.trimEnd());
}

/** What each link was good for. */
function formatArrivals(paths: readonly PathSnapshot[]): string[] {
  const useful = paths.filter(({ firstArrivals }) => firstArrivals > 0);
  if (useful.length === 0) return [];
  const parts = useful.map((path, i) =>
    i === 0
      ? `${formatCount(path.firstArrivals)} ${path.firstArrivals === 1 ? 'packet' : 'packets'} came first over ${pathName(path)}`
      : `${formatCount(path.firstArrivals)} over ${pathName(path)}`,
  );
  return ['', `  ${parts.join(', ')}`];
}

function formatCounters(title: string, counters: Readonly<Record<string, number>>): string[] {
  const told = Object.entries(counters).filter(([, count]) => count > 0);
  if (told.length === 0) return [];
  return ['', `${title}: ${told.map(([reason, count]) => `${formatCount(count)} ${reason}`).join(', ')}`];
}

/** The interface, or on a server the client's outer address. */
function pathName({ interfaceName, remote }: PathSnapshot): string {
  if (interfaceName === undefined) return remote;
  return remote.startsWith('[') ? `${interfaceName}/IPv6` : interfaceName;
}
