/**
 * The client's handshake: one initiation raced over every path and towards every endpoint, repeated until an answer comes.
 * PROTOCOL.md §4. The first valid answer wins; later ones find nothing under way.
 *
 *   idle ──begin──▶ running ──valid response──▶ idle (established)
 *                   │  ▲  └───── refusal ─────▶ idle (refused)
 *                   └──┘ same initiation again; after FRESH_AFTER_MS a new one
 */
import type { CoreContext } from './core-context.ts';
import type { Path } from './path/path.ts';
import { parseCookieMessage } from './session/cookie.ts';
import type { Established, Initiator, Refused } from './session/initiator.ts';
import { DatagramType } from './wire/datagram.ts';

const FIRST_REPEAT_MS = 250;
const MAX_REPEAT_MS = 1_000;
/** A new ephemeral key, counter and session id: the old initiation may count as replayed by now. */
const FRESH_AFTER_MS = 5_000;
/** A server that is gone for longer than this while nothing waits for it is asked ever more rarely. */
const PATIENT_AFTER_MS = 60_000;
const PATIENT_REPEAT_MS = 10_000;
/** An hour of outage or three days: below a megabyte a day for each path, and a battery that lasts. */
const VERY_PATIENT_AFTER_MS = 600_000;
const VERY_PATIENT_REPEAT_MS = 25_000;

/** Where initiations go: through `socket` to `words` from `at`. */
export interface HandshakeTarget {
  /** What it costs is counted there. */
  readonly path: Path;
  readonly socket: number;
  readonly words: Int32Array;
  readonly at: number;
}

export interface ClientHandshakeOptions {
  readonly initiator: Initiator;
  /** First counter that no earlier initiation of this key has used. */
  readonly counter: number;
  /** Sent each time: a server that lost a new client's record before it was stored lets it in again. */
  readonly inviteId: Uint8Array | null;
  /** Evaluated at every transmission: all paths, all endpoints. */
  readonly targets: () => readonly HandshakeTarget[];
}

export type HandshakeResult = { kind: 'established'; established: Established; localId: number } | Refused;

export class ClientHandshake {
  private counter: number;
  private running = false;
  /** When the first of the running series of initiations left. */
  private seriesMs = 0;
  private initiationMs = 0;
  private repeatMs = FIRST_REPEAT_MS;
  private nextSendMs = Number.POSITIVE_INFINITY;
  private localId = 0;
  /** The first session id of this process: PROTOCOL.md §4. */
  private incarnation = 0;
  private datagram: Uint8Array | null = null;
  /** The server has asked for one since this initiation was made. */
  private hasCookie = false;

  constructor(
    private readonly context: CoreContext,
    private readonly options: ClientHandshakeOptions,
  ) {
    this.counter = options.counter;
  }

  get isRunning(): boolean {
    return this.running;
  }

  get dueMs(): number {
    return this.nextSendMs;
  }

  /** Starts, unless one is under way. */
  begin(now: number): void {
    if (this.running) return;
    this.running = true;
    this.seriesMs = now;
    this.fresh(now);
    this.transmit(now, true);
  }

  /** A link came up or the user asked: transmit now. */
  hurry(now: number): void {
    if (!this.running) return;
    this.repeatMs = FIRST_REPEAT_MS;
    this.transmit(now, true);
  }

  /** A packet waits: a server asked rarely until now is asked at once. True = it was. */
  want(now: number): boolean {
    if (!this.running || this.nextSendMs - now <= MAX_REPEAT_MS) return false;
    this.hurry(now);
    return true;
  }

  /** Transmits what is due. `wanted`: inner packets wait or flow, so patience would cost them. */
  poll(now: number, wanted: boolean): void {
    if (!this.running || now < this.nextSendMs) return;
    if (now - this.initiationMs >= FRESH_AFTER_MS) this.fresh(now);
    this.transmit(now, wanted);
  }

  /** A response. `null`: not ours, not now, or not authentic (counted). */
  handleResponse(datagram: Uint8Array, sessionId: number): HandshakeResult | null {
    const message = this.openFor(datagram, sessionId, this.localId);
    if (message === null) return null;
    const result = this.options.initiator.finish(message);
    if (result === null) {
      this.context.rejects.add('handshake-malformed');
      return null;
    }
    this.stop();
    if (result.kind === 'refused') return result;
    return { kind: 'established', established: result, localId: this.localId };
  }

  /** The server is busy and wants to see that we receive where we claim to be. */
  handleCookie(datagram: Uint8Array, sessionId: number, now: number): void {
    const message = this.openFor(datagram, sessionId, 0);
    if (message === null) return;
    const cookie = parseCookieMessage(message, this.datagram as Uint8Array);
    if (cookie === null) {
      this.context.rejects.add('handshake-malformed');
      return;
    }
    this.seal(this.options.initiator.withCookie(cookie));
    // A cookie is one address's, and every path draws one: they must not chase each other at the pace of round trips.
    if (!this.hasCookie) this.nextSendMs = now;
    this.hasCookie = true;
  }

  /** Gives up. */
  stop(): void {
    this.running = false;
    this.datagram = null;
    this.nextSendMs = Number.POSITIVE_INFINITY;
  }

  private openFor(datagram: Uint8Array, sessionId: number, wantedId: number): Uint8Array | null {
    if (!this.running || sessionId !== wantedId) {
      // Every path brings an answer: those behind the first are no fault of anybody.
      if (sessionId !== this.localId) this.context.rejects.add('handshake-unexpected');
      return null;
    }
    const message = this.context.network.openHandshake(datagram);
    if (message === null) this.context.rejects.add('handshake-network-key');
    return message;
  }

  private fresh(now: number): void {
    this.initiationMs = now;
    this.hasCookie = false;
    this.repeatMs = FIRST_REPEAT_MS;
    this.localId = this.context.sessions.newId();
    if (this.incarnation === 0) this.incarnation = this.localId >>> 0;
    const message = this.options.initiator.start(
      {
        counter: this.counter++,
        sessionId: this.localId >>> 0,
        suites: this.context.sealer.suites,
        inviteId: this.options.inviteId ?? undefined,
        incarnation: this.incarnation,
      },
      this.context.random,
    );
    this.seal(message);
  }

  private seal(message: Uint8Array): void {
    this.datagram = this.context.network.sealHandshake(
      DatagramType.INITIATION,
      0,
      message,
      this.context.random,
    );
  }

  private transmit(now: number, wanted: boolean): void {
    const datagram = this.datagram as Uint8Array;
    for (const { path, socket, words, at } of this.options.targets()) {
      this.context.outbox.handshake(DatagramType.INITIATION, 0, datagram, socket, words, at);
      path.handshakeBytes += datagram.length + path.row.outerHeaderBytes;
    }
    this.nextSendMs = now + (wanted ? this.repeatMs : this.patienceMs(now));
    this.repeatMs = Math.min(2 * this.repeatMs, MAX_REPEAT_MS);
  }

  /** How long a server that nobody waits for is left alone. */
  private patienceMs(now: number): number {
    const awayMs = now - this.seriesMs;
    if (awayMs >= VERY_PATIENT_AFTER_MS) return VERY_PATIENT_REPEAT_MS;
    return awayMs >= PATIENT_AFTER_MS ? PATIENT_REPEAT_MS : this.repeatMs;
  }
}
