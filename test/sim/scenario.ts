/** A whole run as plain data: what the runner makes from a seed, shrinks, and keeps as a regression file. */

import type { PathWishes } from '../../src/proto/path/path.ts';
import type { PolicyName } from '../../src/proto/policy/policy.ts';
import type { Rule } from '../../src/proto/policy/rule.ts';
import type { AccessSettings } from './net/access.ts';
import type { LinkSettings } from './net/link.ts';

export interface Scenario {
  readonly name: string;
  /** Of everything that the rest leaves to chance. */
  readonly seed: number;
  readonly durationMs: number;
  readonly server: ServerPlan;
  readonly clients: readonly ClientPlan[];
  readonly flows: readonly FlowPlan[];
  /** Absent = none. */
  readonly bulk?: readonly BulkPlan[];
  /** Absent = none. */
  readonly streams?: readonly StreamPlan[];
  readonly events: readonly TimedEvent[];
  readonly attacker: AttackerPlan | null;
  readonly expect: Expectations;
}

export interface ServerPlan {
  readonly maxClients: number;
  readonly leaseMs: number;
  readonly mtuBytes: number;
  readonly pool: string;
  /** AES-256-GCM in hardware at both ends, or only ChaCha20-Poly1305 in common. */
  readonly hasAes: boolean;
  /** Clients come with an invite each instead of being known. */
  readonly invites: boolean;
}

export interface ClientPlan {
  readonly links: readonly AccessSettings[];
  /** Monotonic clock at the start, ms. */
  readonly clockMs: number;
  /** Wall clock against the truth, ms: a sensor without a battery wakes in 1970. */
  readonly wallOffsetMs: number;
  /** Joins the world at this time. */
  readonly startMs: number;
  /** Static address, uint32; 0 = the server chooses. */
  readonly wantedAddress: number;
  /** As with `--policy`; absent = redundant. */
  readonly policy?: PolicyName;
  /** As with `--rule`; absent = none. */
  readonly rules?: readonly Rule[];
}

export interface FlowPlan {
  readonly client: number;
  /**
   * Up: to behind the server; down: from there; peer: to another client; spoof: up, from an address not leased; garbage: what
   * is no IP packet, from both ends, 0 bytes and more.
   */
  readonly kind: 'up' | 'down' | 'peer' | 'spoof' | 'garbage';
  readonly peer: number;
  readonly family: 4 | 6;
  readonly startMs: number;
  readonly endMs: number;
  /** Between packets. */
  readonly everyMs: number;
  /** Packets that come at once. */
  readonly train: number;
  /** Both 0 = always on. */
  readonly onMs: number;
  readonly offMs: number;
  readonly minBytes: number;
  readonly maxBytes: number;
}

/** Packets as fast as they come through, as TCP sends them. */
export interface BulkPlan {
  readonly client: number;
  readonly kind: 'up' | 'down';
  readonly startMs: number;
  readonly endMs: number;
  /** Of each packet. */
  readonly bytes: number;
}

/** Bytes that both ends write, each at its pace, and end. */
export interface StreamPlan {
  readonly client: number;
  /** Opened by the client, or by a caller where the server listens for the client. */
  readonly kind: 'forward' | 'remote';
  readonly startMs: number;
  /** From the opener, and back. */
  readonly upBytes: number;
  readonly downBytes: number;
  /** So many bytes at a time; 0 ms = all at once, as there is room. */
  readonly chunkBytes: number;
  readonly everyMs: number;
  /** The target writes when the opener has ended its direction. */
  readonly answersAtEnd: boolean;
  /** Until the target's socket is open. */
  readonly dialMs: number;
  /** `TerminateKind`: instead of being open. */
  readonly refusal: number | null;
  /** One end resets the connection so long after it began. */
  readonly giveUp: { readonly side: 'opener' | 'target'; readonly afterMs: number } | null;
  /** One end reads nothing for so long. */
  readonly pause: { readonly side: 'opener' | 'target'; readonly ms: number } | null;
  /** Bytes have come between these two moments. */
  readonly movesBetween?: readonly (readonly [fromMs: number, toMs: number])[];
}

export type TimedEvent = { readonly atMs: number } & WorldEvent;

export type WorldEvent =
  | {
      kind: 'link';
      client: number;
      link: number;
      direction: 'up' | 'down' | 'both';
      change: Partial<LinkSettings>;
    }
  /** The interface vanishes or appears; the daemon notices a little later. */
  | { kind: 'interface'; client: number; link: number; present: boolean }
  | { kind: 'address'; client: number; link: number }
  | { kind: 'nat'; client: number; link: number; action: 'forget' | 'reboot'; downMs: number }
  | { kind: 'server-restart'; downMs: number; goodbye: boolean; keepsState: boolean }
  | { kind: 'client-restart'; client: number; downMs: number; goodbye: boolean }
  /** `client` -1: the server. */
  | { kind: 'sleep'; client: number; forMs: number }
  | { kind: 'freeze'; client: number; forMs: number }
  /** The user changes his mind. */
  | { kind: 'policy'; client: number; policy: PolicyName; rules?: readonly Rule[] }
  /** The user says something else of a link: its path is closed and opened anew. What had a budget may lose it, and gets no other. */
  | { kind: 'wishes'; client: number; link: number; wishes: Omit<PathWishes, 'budgetBytes'> }
  | { kind: 'clock'; client: number; monotonicMs: number; wallMs: number };

/** What the one on the wire does to each datagram he sees, as chances. */
export interface AttackerPlan {
  readonly replay: number;
  /** Longest delay of a replay; some come at once. */
  readonly replayMs: number;
  readonly flip: number;
  readonly truncate: number;
  /** The same bytes from an address of his own, often before the original. */
  readonly redirect: number;
  /** Back to where it came from. */
  readonly reflect: number;
  /** The original does not arrive. */
  readonly swallow: number;
  /** Datagrams of noise per second, to everybody. */
  readonly noisePerSecond: number;
}

/** Beyond what always has to hold. */
export interface Expectations {
  /** Of all packets that were not spoofed, at least this fraction comes out. */
  readonly delivered: number;
  /** Each client keeps the address that it was given first. */
  readonly sameAddress?: boolean;
  /** Of the packets that travel in lanes, at most this fraction comes out behind a later one. Absent: any. */
  readonly behind?: number;
  readonly surplus?: readonly SurplusLimit[];
}

/** Of the bytes that one client's packets need on the wire, at most this part more is sent, both ways together. */
export interface SurplusLimit {
  readonly client: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly atMost: number;
}

export const NOTHING_EXPECTED: Expectations = { delivered: 0 };
