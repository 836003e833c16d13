/** What the two threads say to each other. Commands go in to the engine, events come out. All values are plain data. */
import type { CoreEvent } from '../proto/events.ts';
import type { PolicyName } from '../proto/policy/policy.ts';
import type { Rule } from '../proto/policy/rule.ts';
import type { Page, Sample, Snapshot } from '../proto/snapshot.ts';
import type { ListenRule } from './listen-rules.ts';
import type { TargetRules } from './target-rules.ts';
import type { SynHold, TransparentPorts } from './transparent-listener.ts';

export type { PathState } from '../proto/path/path-state.ts';
export type {
  Assignment,
  Page,
  PathSample,
  PathSnapshot,
  PeerSample,
  PeerSnapshot,
  Sample,
  Snapshot,
  StreamSnapshot,
  UnusableInterface,
} from '../proto/snapshot.ts';
export type { ListenRule } from './listen-rules.ts';
export type { TargetRule, TargetRules } from './target-rules.ts';
export type { SynHold, TransparentPorts } from './transparent-listener.ts';

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
  /** The owner of the server chose the address: it stays the client's, used or not. */
  readonly isFixed?: boolean;
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

/** What clients' streams may do at the server. */
export interface StreamRules {
  /** Where they may lead. */
  readonly targets: TargetRules;
  /** Where clients may have it listen. */
  readonly listen: readonly ListenRule[];
}

/** A port whose callers are led to `host`, `port` at the other end of the tunnel. */
export interface Forward {
  /** As its owner wrote it, with `-L` or `-R`. */
  readonly id: string;
  /** Where the port is: of this machine, or of the server. */
  readonly direction: 'local' | 'remote';
  readonly protocol: 'tcp' | 'udp';
  /** '' = every address of both families. */
  readonly bindAddress: string;
  readonly bindPort: number;
  /** An address, or a name that is resolved there. */
  readonly host: string;
  readonly port: number;
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
  readonly streamRules: StreamRules;
  /** Streams of one client at once. */
  readonly maxStreams: number;
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
  /** Base64, 8 bytes; in every start's first handshakes, so that a server that lost this client's record takes it up again. */
  readonly inviteId?: string;
  /** First handshake counter this process may use; main has reserved 2^20 of them on disk. */
  readonly counter: number;
  readonly endpoints: readonly SocketAddress[];
  /** Static address request. */
  readonly wantedAddress?: string;
  /** Upper bound of the inner MTU, absent = the server's. */
  readonly mtuBytes?: number;
  readonly policy: PolicyName;
  readonly rules: readonly Rule[];
}

export type EngineOptions = ServerEngineOptions | ClientEngineOptions;

export type EngineCommand =
  /** Client: bind a socket to the interface and start probing. One path per (interface, family). Several paths may be opened before the handshake. */
  | {
      kind: 'path-open';
      path: number;
      interfaceName: string;
      family: 4 | 6;
      mark: number;
      mtuBytes: number;
      /** Carries traffic only when no other path can. */
      backup?: boolean;
      /** Its bytes cost money: it is probed sparsely. */
      metered?: boolean;
      /** Bytes that may cross it, both ways together, until a `path-budget`; absent = as many as there are. */
      budgetBytes?: number;
    }
  | { kind: 'path-close'; path: number }
  /** The interface takes packets of another size from now on. */
  | { kind: 'path-mtu'; path: number; mtuBytes: number }
  /** Client: which policy carries which packets from now on, both ways. */
  | { kind: 'policy'; policy: PolicyName; rules: readonly Rule[] }
  /** Client: `forward` follows. */
  | { kind: 'forward-add'; forward: Forward }
  /** Client: no new connections; those that are open stay. */
  | { kind: 'forward-remove'; id: string }
  /** Client: takes connections that the kernel diverts to it (`scripts/persist.sh`); `transparent` follows. */
  | { kind: 'transparent-listen'; hold: SynHold }
  /**
   * Bytes that may cross the path in all, counted since it was opened as `path-spent` counts: main sets aside a little at a time on
   * disk, and what crosses while this command is under way is not granted twice. Absent = as many as there are.
   */
  | { kind: 'path-budget'; path: number; limitBytes?: number }
  /**
   * The machine slept, or somebody knows that a link is there again: that path (absent: every one) gets a new socket and is
   * asked at once, with a handshake beside it; what waits leaves with the first answer.
   */
  | { kind: 'wakeup'; path?: number }
  /** Client: somebody looks at the paths; for two seconds they are asked as under traffic. */
  | { kind: 'attend' }
  /** Server: from now on; streams that are open stay, ports that are not allowed any more are given up. */
  | { kind: 'stream-rules'; rules: StreamRules }
  | { kind: 'client-put'; client: ClientRecord }
  | { kind: 'client-remove'; publicKey: string }
  | { kind: 'invite-put'; invite: InviteRecord }
  | { kind: 'endpoints'; endpoints: readonly SocketAddress[] }
  /** `only`: peers of these names. */
  | { kind: 'snapshot'; request: number; only?: readonly string[]; page: Page }
  /** See `Core.sample`. */
  | { kind: 'sample'; request: number; limit: number; also?: string }
  /** Says goodbye to the peers, closes everything; `stopped` follows. */
  | { kind: 'stop' };

export type EngineEvent =
  /** The TUN device exists (down, without address); server: sockets are bound. */
  | { kind: 'ready'; tunName: string; ports: readonly number[] }
  /** As the core tells it. */
  | Exclude<CoreEvent, { kind: 'client' | 'invite-used' }>
  /** A path could not be opened; the others go on. */
  | { kind: 'path-failed'; path: number; interfaceName: string; message: string; code: string }
  /**
   * Client: it listens on `port`; or it cannot (any more): a local one has `failed` and is gone, for a remote one the server is asked
   * again, whether it has `refused` or is another one (`waiting`).
   */
  | {
      kind: 'forward';
      id: string;
      state: 'listening' | 'failed' | 'refused' | 'waiting';
      message: string;
      code: string;
      port: number;
    }
  /** A stream that was asked for is none; `peer`: the server, or the client that asked. `untold`: as many before it. */
  | { kind: 'stream-refused'; peer: string; target: string; reason: string; untold: number }
  /** Client: it takes diverted connections there, or it cannot; `message` says why, or why they are not held until the target answers. */
  | { kind: 'transparent'; ports: TransparentPorts | null; isHolding: boolean; message: string }
  /** Server: to be persisted (confirmed session, lease, counter). */
  | { kind: 'client'; client: ClientRecord }
  | { kind: 'invite'; invite: InviteRecord }
  | { kind: 'snapshot'; request: number; snapshot: Snapshot }
  | { kind: 'sample'; request: number; sample: Sample }
  | { kind: 'failed'; message: string; code?: string }
  | { kind: 'stopped' };
