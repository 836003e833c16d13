/** The status for people. Programs read `status --json`. */
import { nearest } from '../config/nearest.ts';
import type { PeerSnapshot, Snapshot } from '../engine/messages.ts';
import { UserError } from '../errors.ts';
import { formatBytes, formatCount, formatSpan, shortenKey } from '../format.ts';
import { formatClients } from './status-clients.ts';
import { formatArrivals, formatPaths } from './status-paths.ts';
import { formatStreams } from './status-streams.ts';
import { formatUnusable } from './unusable.ts';

/** More clients than these are a table with a line each; `status NAME` shows one of them whole. */
const MAX_WHOLE_CLIENTS = 3;

/** `clientName`: a server's client that is shown alone. Throws `UserError` when there is none. */
export function formatStatus(snapshot: Snapshot, clientName?: string): string {
  const { role, tunName, uptimeMs, mtuBytes, policy, publicKey, peers } = snapshot;
  const count = role === 'server' ? `, ${peers.length} ${peers.length === 1 ? 'client' : 'clients'}` : '';
  return [
    `${role} on ${tunName}, up ${formatSpan(uptimeMs)}${count}, policy ${policy}${mtuBytes === 0 ? '' : `, MTU ${mtuBytes}`}, key ${shortenKey(publicKey)}`,
    ...formatPeers(role, peers, clientName),
    ...formatWithout(snapshot),
    ...formatCounters('rejected datagrams', snapshot.rejects),
    ...formatCounters('dropped packets', snapshot.drops),
    '',
  ].join('\n');
}

function formatPeers(
  role: Snapshot['role'],
  peers: readonly PeerSnapshot[],
  clientName: string | undefined,
): string[] {
  const format = (peer: PeerSnapshot) => formatPeer(role, peer);
  if (clientName === undefined) {
    return peers.length > MAX_WHOLE_CLIENTS ? formatClients(peers) : peers.map(format);
  }
  const found = peers.filter(({ name }) => name === clientName);
  if (found.length > 0) return found.map(format);
  if (role === 'client')
    throw new UserError('a client has no clients', {
      fix: 'resip-vpn status takes no name here',
      exitCode: 2,
    });
  const names = peers.map(({ name }) => name);
  const near = nearest(clientName, names);
  throw new UserError(`the running server knows no client ${clientName}`, {
    fix: near === undefined ? 'resip-vpn clients lists them' : `did you mean ${near}?`,
  });
}

/** Of what a pattern matches, much is never meant to carry anything: that counts only where nothing else does. */
function formatWithout({ unusable = [], peers }: Snapshot): string[] {
  const carries = peers.some(({ paths }) => paths.some(({ state }) => state !== 'down'));
  const told = formatUnusable(unusable.filter(({ isNamed }) => isNamed || !carries));
  return told.length === 0 ? [] : ['', ...told];
}

function formatPeer(role: Snapshot['role'], peer: PeerSnapshot): string {
  return [
    '',
    `${peer.name}  ${formatAddress(role, peer)}  key ${shortenKey(peer.publicKey)}`,
    `  ${formatSession(peer)}`,
    `  sent ${formatCount(peer.sentPackets)} packets (${formatBytes(peer.sentBytes)}), received ${formatCount(peer.receivedPackets)} (${formatBytes(peer.receivedBytes)}), ${formatCount(peer.duplicatesDropped)} duplicates dropped`,
    ...formatPolicy(peer),
    ...formatTrouble(peer),
    ...formatPaths(peer.paths),
    ...(role === 'client' ? formatSilence(peer) : []),
    ...formatArrivals(peer.paths),
    ...formatStreams(peer.streams, peer.streamsRefused),
  ].join('\n');
}

/** The address is the client's, at either end. */
function formatAddress(role: Snapshot['role'], peer: PeerSnapshot): string {
  const { address, address6, isStatic, session } = peer;
  if (role === 'client' && session.handshakes === 0)
    return 'has not answered yet (resip-vpn doctor tells why)';
  const addresses = [address, address6].filter((address) => address !== null).join(', ') || 'no address';
  return `${role === 'client' ? 'gave this machine ' : ''}${addresses}${isStatic ? ' (static)' : ''}`;
}

function formatSession({ session }: PeerSnapshot): string {
  const { established, suite, ageMs, silentMs, handshakes } = session;
  const heard = silentMs === null ? 'never heard' : `last heard ${formatSpan(silentMs)} ago`;
  const times = `${formatCount(handshakes)} ${handshakes === 1 ? 'handshake' : 'handshakes'}`;
  if (!established) return `no session, ${heard}, ${times}`;
  return `session ${suite ?? ''} since ${formatSpan(ageMs ?? 0)}, ${heard}, ${times}`;
}

/** A server that has never answered is told of above. */
function formatSilence({ paths, session }: PeerSnapshot): string[] {
  if (session.handshakes === 0 || paths.length === 0 || paths.some(({ state }) => state !== 'down'))
    return [];
  return [
    '',
    paths.every(({ isExhausted }) => isExhausted)
      ? '  the budget of every link is used up: packets wait until one begins anew'
      : '  nothing comes back over any link: packets wait (resip-vpn doctor tells why)',
  ];
}

/** What differs from the usual: copies of everything, in no order. */
function formatPolicy({ policy, rules, isCopying, orderHeld, orderGaps }: PeerSnapshot): string[] {
  if (policy === 'redundant' && rules.length === 0 && orderHeld === 0) return [];
  const now = isCopying ? ' (copying)' : '';
  const order =
    orderHeld === 0
      ? []
      : [`${formatCount(orderHeld)} put in order, ${formatCount(orderGaps)} gaps left open`];
  return [`  ${[`policy ${policy}${now}`, ...rules, ...order].join(', ')}`];
}

/** What should be zero. */
function formatTrouble(peer: PeerSnapshot): string[] {
  const counts: readonly (readonly [number, string])[] = [
    [peer.heldPackets, 'held until a path comes up'],
    [peer.resentDatagrams, 'sent again because their path died'],
    [peer.holdOverflows, 'dropped because too many were held'],
    [peer.spoofedDropped, 'dropped because of a foreign source address'],
    [peer.reassemblyDropped, 'pieces dropped in reassembly'],
  ];
  const told = counts.filter(([count]) => count > 0).map(([count, what]) => `${formatCount(count)} ${what}`);
  return told.length === 0 ? [] : [`  ${told.join(', ')}`];
}

function formatCounters(title: string, counters: Readonly<Record<string, number>>): string[] {
  const told = Object.entries(counters).filter(([, count]) => count > 0);
  if (told.length === 0) return [];
  return ['', `${title}: ${told.map(([reason, count]) => `${formatCount(count)} ${reason}`).join(', ')}`];
}
