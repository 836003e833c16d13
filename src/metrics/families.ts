/** What is measured: each family once, with its help text and where its value stands in a snapshot. */
import type { PathSnapshot, PeerSnapshot, Snapshot } from '../engine/messages.ts';

export type Kind = 'counter' | 'gauge';

/** `read` gives null where nothing is known: the sample is left out. */
export interface Family<T> {
  readonly name: string;
  readonly kind: Kind;
  readonly help: string;
  readonly read: (source: T) => number | null;
}

const seconds = (ms: number | null) => (ms === null ? null : ms / 1_000);

/** Without labels. */
export const INSTANCE_FAMILIES: readonly Family<Snapshot>[] = [
  gauge('resip_uptime_seconds', 'Time since the engine started.', ({ uptimeMs }) => seconds(uptimeMs)),
  gauge('resip_inner_mtu_bytes', 'Largest packet inside the tunnel.', ({ mtuBytes }) => mtuBytes),
  gauge(
    'resip_peers',
    'Clients that the server knows, or the server of a client.',
    ({ peers }) => peers.length,
  ),
  gauge(
    'resip_peers_connected',
    'Those of them with a session.',
    ({ peers }) => peers.filter(({ session }) => session.established).length,
  ),
];

/** Label `peer`: the client's name, or `server`. */
export const PEER_FAMILIES: readonly Family<PeerSnapshot>[] = [
  gauge('resip_peer_connected', 'Whether there is a session.', ({ session }) => Number(session.established)),
  gauge('resip_peer_silent_seconds', 'Time since the last authentic datagram.', ({ session }) =>
    seconds(session.silentMs),
  ),
  gauge('resip_peer_held_packets', 'Packets that wait for a path.', ({ heldPackets }) => heldPackets),
  gauge('resip_peer_streams', 'Open streams.', ({ streams }) => streams.length),
  gauge(
    'resip_peer_stream_waiting_bytes',
    'Bytes in streams that the other end has not acknowledged.',
    ({ streams }) => streams.reduce((sum, { waitingBytes }) => sum + waitingBytes, 0),
  ),
  counter('resip_peer_handshakes_total', 'Sessions made.', ({ session }) => session.handshakes),
  counter(
    'resip_peer_sent_packets_total',
    'Packets that left through the tunnel.',
    ({ sentPackets }) => sentPackets,
  ),
  counter('resip_peer_sent_bytes_total', 'Their bytes.', ({ sentBytes }) => sentBytes),
  counter(
    'resip_peer_received_packets_total',
    'Packets that came, each once.',
    (peer) => peer.receivedPackets,
  ),
  counter('resip_peer_received_bytes_total', 'Their bytes.', ({ receivedBytes }) => receivedBytes),
  counter(
    'resip_peer_duplicates_dropped_total',
    'Copies that came second.',
    (peer) => peer.duplicatesDropped,
  ),
  counter(
    'resip_peer_spoofed_dropped_total',
    'Packets with a source address that is not the peer’s.',
    (peer) => peer.spoofedDropped,
  ),
  counter(
    'resip_peer_hold_overflows_total',
    'Packets dropped because too many waited for a path.',
    (peer) => peer.holdOverflows,
  ),
  counter(
    'resip_peer_resent_datagrams_total',
    'Datagrams sent again over living paths.',
    (peer) => peer.resentDatagrams,
  ),
  counter(
    'resip_peer_fragments_sent_total',
    'Pieces of packets that no path takes whole.',
    (peer) => peer.fragmentsSent,
  ),
  counter(
    'resip_peer_reassembled_packets_total',
    'Packets put together again.',
    ({ reassembled }) => reassembled,
  ),
  counter(
    'resip_peer_reassembly_dropped_total',
    'Pieces that found no whole.',
    (peer) => peer.reassemblyDropped,
  ),
];

/** Labels `peer` and `path`: the interface and family, or on a server the client's path number. */
export const PATH_FAMILIES: readonly Family<PathSnapshot>[] = [
  gauge('resip_path_up', 'Whether the path carries packets.', ({ state }) => Number(state === 'up')),
  gauge('resip_path_rtt_seconds', 'Smoothed round-trip time.', ({ rttMs }) => seconds(rttMs)),
  gauge('resip_path_jitter_seconds', 'Its variation.', ({ jitterMs }) => seconds(jitterMs)),
  gauge(
    'resip_path_sent_loss_ratio',
    'Share of datagrams lost on the way out, 0 to 1.',
    ({ lossOut }) => lossOut,
  ),
  gauge(
    'resip_path_received_loss_ratio',
    'Share of datagrams lost on the way in, 0 to 1.',
    ({ lossIn }) => lossIn,
  ),
  gauge(
    'resip_path_budget_left_bytes',
    'What may still cross a metered link in this period.',
    ({ budget }) => (budget === undefined ? null : budget.leftBytes),
  ),
  gauge('resip_path_mtu_bytes', 'Largest outer packet.', ({ mtuBytes }) => mtuBytes),
  counter('resip_path_sent_datagrams_total', 'Datagrams sent.', ({ sentDatagrams }) => sentDatagrams),
  counter('resip_path_sent_bytes_total', 'Their bytes.', ({ sentBytes }) => sentBytes),
  counter('resip_path_received_datagrams_total', 'Datagrams received.', (path) => path.receivedDatagrams),
  counter('resip_path_received_bytes_total', 'Their bytes.', ({ receivedBytes }) => receivedBytes),
  counter(
    'resip_path_first_arrivals_total',
    'Packets whose first copy came over this path.',
    (path) => path.firstArrivals,
  ),
  counter(
    'resip_path_saved_packets_total',
    'Packets that arrived only because of this path, although copies were sent over others.',
    (path) => path.savedPackets,
  ),
  counter(
    'resip_path_duplicate_datagrams_total',
    'Copies that came second.',
    (path) => path.duplicateDatagrams,
  ),
  counter(
    'resip_path_failed_datagrams_total',
    'Datagrams that the system refused to send.',
    (path) => path.failedDatagrams,
  ),
  counter(
    'resip_path_surplus_copies_total',
    'Copies not sent because the path would have clogged.',
    (path) => path.surplusCopies,
  ),
];

function gauge<T>(name: string, help: string, read: (source: T) => number | null): Family<T> {
  return { name, kind: 'gauge', help, read };
}

function counter<T>(name: string, help: string, read: (source: T) => number | null): Family<T> {
  return { name, kind: 'counter', help, read };
}
