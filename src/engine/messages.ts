/** What the two threads say to each other. Commands go in to the engine, events come out. All values are plain data. */

/** `address` is text (`192.0.2.1`, `2001:db8::1`), `port` 1..65535. */
export interface SocketAddress {
  readonly address: string;
  readonly port: number;
}

/** One client as the server knows it; what main persists. Keys are base64. */
export interface ClientRecord {
  readonly publicKey: string;
  readonly name: string;
  readonly psk: string;
  /** Highest handshake counter seen: replayed initiations stay below. */
  readonly counter: number;
  /** IPv4 lease, text; absent before the first assignment. */
  readonly address?: string;
  /** The client asked for this very address. */
  readonly isStatic?: boolean;
  /** Milliseconds since the epoch, main's clock; the lease is freed `leaseMs` after it. */
  readonly lastSeenMs: number;
  readonly revoked?: boolean;
}

export interface InviteRecord {
  /** 8 bytes, base64. */
  readonly id: string;
  readonly name: string;
  readonly psk: string;
  /** Milliseconds since the epoch; 0 = never. */
  readonly expiresMs: number;
  /** Public key (base64) that spent it. */
  readonly usedBy?: string;
}

export interface ServerEngineOptions {
  readonly role: 'server';
  readonly tunName: string;
  readonly listen: readonly SocketAddress[];
  readonly privateKey: string;
  readonly networkKey: string;
  /** CIDR text; the server takes the first host address. */
  readonly pool: string;
  /** CIDR text of a /64 (or longer), absent = no IPv6 inside. */
  readonly pool6?: string;
  readonly dns: readonly string[];
  /** Inner MTU, bytes. */
  readonly mtuBytes: number;
  /** An unused lease is freed after this. */
  readonly leaseMs: number;
  readonly maxClients: number;
  readonly clients: readonly ClientRecord[];
  readonly invites: readonly InviteRecord[];
}

export interface ClientEngineOptions {
  readonly role: 'client';
  readonly tunName: string;
  readonly privateKey: string;
  readonly serverPublicKey: string;
  readonly networkKey: string;
  readonly psk: string;
  /** Present until the server has confirmed the key (base64, 8 bytes). */
  readonly inviteId?: string;
  /** First handshake counter this process may use; main has reserved 2^20 of them on disk. */
  readonly counter: number;
  readonly endpoints: readonly SocketAddress[];
  /** Static address request. */
  readonly wantedAddress?: string;
  /** Upper bound of the inner MTU, absent = the server's. */
  readonly mtuBytes?: number;
  readonly policy: string;
}

export type EngineOptions = ServerEngineOptions | ClientEngineOptions;

export type EngineCommand =
  /** Client: bind a socket to the interface and start probing. One path per (interface, family). Several paths may be opened before the handshake. */
  | { kind: 'path-open'; path: number; interfaceName: string; family: 4 | 6; mark: number; mtuBytes: number }
  | { kind: 'path-close'; path: number }
  | { kind: 'client-put'; client: ClientRecord }
  | { kind: 'client-remove'; publicKey: string }
  | { kind: 'invite-put'; invite: InviteRecord }
  | { kind: 'endpoints'; endpoints: readonly SocketAddress[] }
  | { kind: 'snapshot'; request: number }
  /** Says goodbye to the peers, closes everything; `stopped` follows. */
  | { kind: 'stop' };

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

export type PathState = 'unknown' | 'validating' | 'up' | 'suspect' | 'down';

export type EngineEvent =
  /** The TUN device exists (down, without address); server: sockets are bound. */
  | { kind: 'ready'; tunName: string; ports: readonly number[] }
  | { kind: 'assigned'; assignment: Assignment }
  /** `final`: trying again as it is cannot help. */
  | { kind: 'refused'; code: number; text: string; during: 'handshake' | 'address' }
  | { kind: 'session'; state: 'established' | 'lost'; suite: string }
  /** A path could not be opened; the others go on. */
  | { kind: 'path-failed'; path: number; interfaceName: string; message: string; code: string }
  | { kind: 'path'; path: number; interfaceName: string; state: PathState; rttMs: number | null }
  /** Server: to be persisted (confirmed session, lease, counter). */
  | { kind: 'client'; client: ClientRecord }
  | { kind: 'invite'; invite: InviteRecord }
  | { kind: 'snapshot'; request: number; snapshot: Snapshot }
  | { kind: 'failed'; message: string; code?: string }
  | { kind: 'stopped' };

export interface PathSnapshot {
  readonly path: number;
  /** Client: the interface; server: absent. */
  readonly interfaceName?: string;
  readonly remote: string;
  /** This side's outer address as the peer sees it. */
  readonly observed: string | null;
  readonly state: PathState;
  /** Milliseconds since the state changed. */
  readonly sinceMs: number;
  readonly rttMs: number | null;
  readonly jitterMs: number | null;
  /** Fraction 0..1 lost on the way out / in; null = unknown. */
  readonly lossOut: number | null;
  readonly lossIn: number | null;
  readonly mtuBytes: number;
  readonly sentDatagrams: number;
  readonly sentBytes: number;
  readonly receivedDatagrams: number;
  readonly receivedBytes: number;
  /** Copies that came second. */
  readonly duplicateDatagrams: number;
  /** Inner packets whose first copy came over this path. */
  readonly firstArrivals: number;
  readonly failedDatagrams: number;
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
  readonly fragmentsSent: number;
  readonly reassembled: number;
  readonly reassemblyDropped: number;
  readonly paths: readonly PathSnapshot[];
}

export interface Snapshot {
  readonly role: 'client' | 'server';
  readonly tunName: string;
  readonly uptimeMs: number;
  readonly publicKey: string;
  readonly mtuBytes: number;
  readonly policy: string;
  readonly peers: readonly PeerSnapshot[];
  /** Datagrams from strangers and broken ones, by reason; every reason is present. */
  readonly rejects: Readonly<Record<string, number>>;
  /** Packets from TUN that had nowhere to go, and the like, by reason. */
  readonly drops: Readonly<Record<string, number>>;
  readonly tun: { readonly offload: boolean; readonly tso: boolean; readonly uso: boolean };
}
