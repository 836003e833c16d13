/** What the core tells about itself: plain data, safe to print, without secrets. */
import type { PathState } from './path/path-state.ts';

export interface Assignment {
  readonly address: string;
  readonly prefixLength: number;
  readonly serverAddress: string;
  readonly mtuBytes: number;
  readonly address6?: string;
  readonly prefixLength6?: number;
  readonly dns: readonly string[];
  readonly leaseSeconds: number;
}

export interface PathSnapshot {
  readonly path: number;
  /** Client: the interface; server: absent. */
  readonly interfaceName?: string;
  readonly remote: string;
  /** This side's outer address as the peer sees it. */
  readonly observed: string | null;
  /** Client: its socket's own port. */
  readonly localPort?: number;
  readonly state: PathState;
  /** Carries packets only while no other path can. */
  readonly isBackup: boolean;
  /** Its budget is used up: it carries probes and nothing else. */
  readonly isExhausted: boolean;
  /** Milliseconds since the state changed. */
  readonly sinceMs: number;
  readonly rttMs: number | null;
  readonly jitterMs: number | null;
  /** Fraction 0..1 lost on the way out / in; null = unknown. */
  readonly lossOut: number | null;
  readonly lossIn: number | null;
  readonly mtuBytes: number;
  /** Client, metered interfaces with a budget: what is left of it, and when it begins anew (milliseconds since the epoch). */
  readonly budget?: {
    readonly bytes: number;
    readonly period: 'hour' | 'day' | 'month';
    readonly leftBytes: number;
    readonly renewsMs: number;
  };
  /** Client: what crossed it both ways with IP and UDP headers, bytes: so budgets count. */
  readonly spentBytes?: number;
  /** Client: longest silence of the path while idle, as learnt. */
  readonly keepAliveMs?: number;
  readonly sentDatagrams: number;
  readonly sentBytes: number;
  readonly receivedDatagrams: number;
  readonly receivedBytes: number;
  /** Copies that came second. */
  readonly duplicateDatagrams: number;
  /** Inner packets whose first copy came over this path. */
  readonly firstArrivals: number;
  /** Of those, the ones whose copies over other paths never came, although copies were sent. */
  readonly savedPackets: number;
  /** Arriving at the other end and here, bytes per second, as of the last report. */
  readonly deliveredOutPerSecond: number;
  readonly deliveredInPerSecond: number;
  /** How much longer what arrives is under way than at best, ms; null = unknown. */
  readonly delayInMs: number | null;
  /** Datagrams the system refused to send. */
  readonly failedDatagrams: number;
  /** Copies not sent because the path would have clogged; another path carried the packet. */
  readonly surplusCopies: number;
}

export interface StreamSnapshot {
  readonly channel: number;
  /** `host:port`. */
  readonly target: string;
  readonly state: 'starting' | 'open';
  readonly ageMs: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Given by the application here, and not acknowledged by the other end. */
  readonly waitingBytes: number;
  /** Milliseconds since something moved, while bytes wait; null = none wait, or they move. */
  readonly stalledMs: number | null;
  /** What it waits for: a path, the application at the other end, or the answer of the other end. */
  readonly stalledBy: 'no-path' | 'reader' | 'no-answer' | null;
}

export interface PeerSnapshot {
  /** Server: the client's name; client: `server`. */
  readonly name: string;
  readonly publicKey: string;
  readonly address: string | null;
  readonly address6: string | null;
  readonly isStatic: boolean;
  readonly session: {
    readonly established: boolean;
    readonly suite: string | null;
    readonly ageMs: number | null;
    /** Since the last authentic datagram. */
    readonly silentMs: number | null;
    readonly handshakes: number;
  };
  readonly sentPackets: number;
  readonly sentBytes: number;
  readonly receivedPackets: number;
  readonly receivedBytes: number;
  readonly duplicatesDropped: number;
  readonly spoofedDropped: number;
  readonly heldPackets: number;
  readonly holdOverflows: number;
  /** What this end sends by; the server follows its client's wishes. */
  readonly policy: string;
  /** As `--rule` takes them. */
  readonly rules: readonly string[];
  /** Policy `auto` has every packet copied. */
  readonly isCopying: boolean;
  /** Packets that came before their predecessors and waited; that came after their successors; gaps that nothing filled. */
  readonly orderHeld: number;
  readonly orderLate: number;
  readonly orderGaps: number;
  readonly fragmentsSent: number;
  /** Datagrams that went out again because their path died. */
  readonly resentDatagrams: number;
  readonly reassembled: number;
  readonly reassemblyDropped: number;
  readonly paths: readonly PathSnapshot[];
  readonly streams: readonly StreamSnapshot[];
  /** Streams that found no room, or no listener, since the association began. */
  readonly streamsRefused: number;
}

/** Of the peers of a snapshot these, in the order in which they stand: thousands at once would hold packets up. */
export interface Page {
  readonly from: number;
  readonly count: number;
}

/** An interface that is wanted and cannot carry a path now. */
export interface UnusableInterface {
  readonly interfaceName: string;
  /** One word: `missing`, `down`, `no-carrier`, `no-address`, `no-route`, `refused`. */
  readonly problem: string;
  /** The same for people, with what to do about it. */
  readonly what: string;
  readonly why?: string;
  readonly fix?: string;
  /** Wanted by its very name, and not as one of a pattern. */
  readonly isNamed: boolean;
}

export interface Snapshot {
  readonly role: 'client' | 'server';
  readonly tunName: string;
  readonly uptimeMs: number;
  readonly publicKey: string;
  readonly mtuBytes: number;
  readonly policy: string;
  readonly peers: readonly PeerSnapshot[];
  /** Client: which interfaces have no path now, and why. */
  readonly unusable?: readonly UnusableInterface[];
  /** Datagrams from strangers and broken ones, by reason; every reason is present. */
  readonly rejects: Readonly<Record<string, number>>;
  /** Packets from TUN that had nowhere to go, and the like, by reason. */
  readonly drops: Readonly<Record<string, number>>;
  readonly tun: { readonly offload: boolean; readonly tso: boolean; readonly uso: boolean };
}

/** One moment of a path. Counters as in `PathSnapshot`. */
export type PathSample = Pick<
  PathSnapshot,
  | 'path'
  | 'interfaceName'
  | 'remote'
  | 'state'
  | 'rttMs'
  | 'lossOut'
  | 'lossIn'
  | 'sentBytes'
  | 'receivedBytes'
  | 'firstArrivals'
  | 'savedPackets'
>;

export interface PeerSample {
  readonly name: string;
  readonly address: string | null;
  readonly isConnected: boolean;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly duplicatesDropped: number;
  readonly streamCount: number;
  readonly paths: readonly PathSample[];
}

/** One moment of all. */
export interface Sample {
  /** The core's clock. */
  readonly atMs: number;
  readonly peerCount: number;
  readonly connectedCount: number;
  /** Of all peers, of those without a place below as well. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly peers: readonly PeerSample[];
}
