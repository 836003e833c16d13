/** Turns the core's state into plain data (`snapshot.ts`). */
import type { Association } from './association/association.ts';
import { base64 } from './base64.ts';
import type { CoreContext } from './core-context.ts';
import type { Path } from './path/path.ts';
import { formatRule } from './policy/rule-text.ts';
import type { PathSnapshot, PeerSnapshot, Snapshot, StreamSnapshot } from './snapshot.ts';
import type { Stream } from './stream/stream.ts';
import { addressFamily, addressPort } from './wire/address-words.ts';
import { readU32 } from './wire/integers.ts';
import { formatIpv4, formatIpv6 } from './wire/ip-text.ts';

type CommonSnapshot = Pick<Snapshot, 'role' | 'policy' | 'peers' | 'rejects' | 'drops'>;

export function snapshot(context: CoreContext, peers: PeerSnapshot[]): CommonSnapshot {
  return {
    role: context.isServer ? 'server' : 'client',
    policy: context.policy.name,
    peers,
    rejects: context.rejects.snapshot(),
    drops: context.drops.snapshot(),
  };
}

/** Everything but the addresses, which each role knows in its own way. */
export function peerSnapshot(
  association: Association,
  now: number,
): Omit<PeerSnapshot, 'address' | 'address6'> {
  const { current: session, reorder, streamsIfAny: streams } = association;
  return {
    name: association.name,
    publicKey: base64(association.publicKey),
    isStatic: association.isStatic,
    session: {
      established: session !== null,
      suite: session?.suiteName ?? null,
      ageMs: session === null ? null : now - session.createdMs,
      silentMs: session === null ? null : now - session.lastReceivedMs,
      handshakes: association.sessions.adopted,
    },
    sentPackets: association.sender.sentPackets,
    sentBytes: association.sender.sentBytes,
    receivedPackets: association.receivedPackets,
    receivedBytes: association.receivedBytes,
    duplicatesDropped: association.duplicatesDropped,
    spoofedDropped: association.spoofedDropped,
    policy: association.steering.policy.name,
    rules: association.steering.rules.map(formatRule),
    isCopying: association.steering.isCopying,
    orderHeld: reorder?.heldPackets ?? 0,
    orderLate: reorder?.latePackets ?? 0,
    orderGaps: reorder?.gaps ?? 0,
    heldPackets: association.sender.heldPackets,
    holdOverflows: association.sender.holdOverflows,
    fragmentsSent: association.sender.fragmentsSent,
    resentDatagrams: association.resender.resentDatagrams,
    reassembled: association.reassembly.completed,
    reassemblyDropped: association.reassembly.dropped,
    streams: [...(streams?.all ?? [])].map((stream) =>
      streamSnapshot(stream, association.sessions.isAny && association.hasUsablePath, now),
    ),
    streamsRefused: streams?.refusedStreams ?? 0,
    paths: association.paths
      .filter((path) => path !== null)
      .map((path) => pathSnapshot(association, path, now)),
  };
}

/** Slower than any round trip that is not a fault. */
const STALLED_AFTER_MS = 1_000;

function streamSnapshot(stream: Stream, hasPath: boolean, now: number): StreamSnapshot {
  const { channel, target, phase, createdMs, movedMs, sending, receiving } = stream;
  const stalledMs = sending.isWaiting && now - movedMs >= STALLED_AFTER_MS ? now - movedMs : null;
  return {
    channel,
    target: formatTarget(target.host, target.port),
    state: phase === 'starting' ? 'starting' : 'open',
    ageMs: now - createdMs,
    sentBytes: sending.sentBytes,
    receivedBytes: receiving.receivedBytes,
    waitingBytes: sending.waitingBytes,
    stalledMs,
    stalledBy: stalledMs === null ? null : hasPath ? (sending.isBlocked ? 'reader' : 'no-answer') : 'no-path',
  };
}

function formatTarget(host: Uint8Array | string, port: number): string {
  if (typeof host === 'string') return `${host}:${port}`;
  return host.length === 16 ? `[${formatIpv6(host)}]:${port}` : `${formatIpv4(readU32(host, 0))}:${port}`;
}

function pathSnapshot(association: Association, path: Path, now: number): PathSnapshot {
  return {
    path: path.id,
    ...(path.interfaceName === '' ? {} : { interfaceName: path.interfaceName }),
    remote: formatEndpoint(path.row.words, path.row.addressAt),
    observed: addressFamily(path.observed, 0) === 0 ? null : formatEndpoint(path.observed, 0),
    state: path.state,
    isBackup: path.isBackup,
    isExhausted: path.isExhausted,
    sinceMs: now - path.stateSinceMs,
    rttMs: path.rtt.smoothedMs,
    jitterMs: path.rtt.smoothedMs === null ? null : path.rtt.variationMs,
    lossOut: path.outflow.loss.fraction,
    lossIn: path.inflow.loss.fraction,
    mtuBytes: path.mtu.mtuBytes,
    ...(path.interfaceName === ''
      ? {}
      : { spentBytes: path.spentBytes, keepAliveMs: path.keepAlive.intervalMs }),
    sentDatagrams: path.row.sentDatagrams,
    sentBytes: path.row.sentBytes,
    receivedDatagrams: path.inflow.datagrams,
    receivedBytes: path.inflow.bytes,
    duplicateDatagrams: path.inflow.duplicates,
    firstArrivals: path.inflow.firsts,
    savedPackets: association.arrivals.savedPackets[path.id],
    deliveredOutPerSecond: Math.round(path.outflow.bytesPerSecond),
    deliveredInPerSecond: Math.round(path.inflow.bytesPerSecond),
    delayInMs: path.inflow.delay.extraMs,
    failedDatagrams: path.row.failedDatagrams,
    surplusCopies: path.outflow.surplusCopies,
  };
}

/** `192.0.2.1:4600`, `[2001:db8::1]:4600`. */
export function formatEndpoint(words: Int32Array, at: number): string {
  const port = addressPort(words, at);
  if (addressFamily(words, at) !== 6) return `${formatIpv4(words[at + 1])}:${port}`;
  const view = new DataView(new ArrayBuffer(16));
  for (let i = 0; i < 4; i++) view.setInt32(4 * i, words[at + 1 + i]);
  return `[${formatIpv6(new Uint8Array(view.buffer))}]:${port}`;
}
