/**
 * When the client shakes hands with its server, and what becomes of the answer: without a session at once, before a session grows
 * too old, and when the server is silent although it was asked. A server that refused is left alone for a while.
 */
import type { Association } from './association/association.ts';
import { ClientHandshake, type HandshakeTarget } from './client-handshake.ts';
import type { CoreContext } from './core-context.ts';
import type { CoreEvent } from './events.ts';
import { ADDRESS_WORDS, type PacketBatch } from './packet-batch.ts';
import { isUsable } from './path/path-state.ts';
import type { ServerEndpoints } from './server-endpoints.ts';
import { MAX_SILENCE_MS, silentAtMs } from './server-silence.ts';
import type { Established, Initiator } from './session/initiator.ts';
import type { Session } from './session/session.ts';
import { DatagramType } from './wire/datagram.ts';

/** A server that said no may think otherwise after this. */
export const REFUSED_PAUSE_MS = 10_000;

export interface ClientSessionOptions {
  readonly initiator: Initiator;
  /** First handshake counter that was never used with this key. */
  readonly counter: number;
  /** 8 bytes; null once the server knows this client's key. */
  readonly inviteId: Uint8Array | null;
}

export class ClientSession {
  private readonly handshake: ClientHandshake;
  private isUp = false;
  private isForSilence = false;
  private nextHandshakeMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly context: CoreContext,
    private readonly association: Association,
    private readonly endpoints: ServerEndpoints,
    private readonly events: CoreEvent[],
    options: ClientSessionOptions,
  ) {
    this.handshake = new ClientHandshake(context, { ...options, targets: () => this.targets() });
  }

  // Commands

  /** There is another path: what is under way goes over it, too. */
  hurry(now: number): void {
    this.handshake.hurry(now);
  }

  /** A handshake beside whatever session there is, at once. */
  renew(now: number): void {
    this.nextHandshakeMs = Number.NEGATIVE_INFINITY;
    if (this.handshake.isRunning) this.handshake.hurry(now);
    else this.begin(this.association.current !== null, now);
  }

  /** Packets wait for this handshake, so patience would cost them. True = `dueMs` may have moved. */
  want(now: number): boolean {
    return this.handshake.want(now);
  }

  stop(): void {
    this.handshake.stop();
  }

  // Inputs

  /** A message of a handshake that arrived in `row`. True = there is a new session. */
  handleMessage(type: number, datagram: Uint8Array, batch: PacketBatch, row: number, now: number): boolean {
    const sessionId = batch.sessionId[row] | 0;
    const socket = batch.trainSocket[batch.train[row]];
    const path = this.association.paths.find((other) => other?.row.socket === socket);
    if (path) path.handshakeBytes += datagram.length + path.row.outerHeaderBytes;
    if (type === DatagramType.COOKIE) {
      this.handshake.handleCookie(datagram, sessionId, now);
      this.context.wake(this.association);
      return false;
    }
    if (type !== DatagramType.RESPONSE) {
      this.context.rejects.add('handshake-unexpected');
      return false;
    }
    const result = this.handshake.handleResponse(datagram, sessionId);
    if (result === null) return false;
    this.context.wake(this.association);
    if (result.kind === 'established')
      return this.establish(result.established, result.localId, batch, row, now);
    this.nextHandshakeMs = now + REFUSED_PAUSE_MS;
    this.events.push({ kind: 'refused', code: result.code, text: result.text, during: 'handshake' });
    return false;
  }

  /** The server is there after all: the session goes on. */
  handleAuthentic(session: Session, now: number): void {
    if (!this.isForSilence || session !== this.association.current) return;
    this.isForSilence = false;
    if (!session.wantsRekey(now)) this.handshake.stop();
  }

  /** The session is over. */
  lose(now: number): void {
    if (this.isUp) this.events.push({ kind: 'session', state: 'lost', suite: '' });
    this.isUp = false;
    this.association.choosePaths(now);
    this.context.wake(this.association);
  }

  // Time

  /** Begins or repeats what is due. */
  run(now: number): void {
    const { association } = this;
    const session = association.current;
    if (session === null) this.begin(false, now);
    else if (session.wantsRekey(now)) this.begin(false, now);
    else if (now >= silentAtMs(association, session)) this.begin(true, now);
    this.handshake.poll(now, association.activity.idleMs(now) < MAX_SILENCE_MS);
  }

  /** When `run` has to be called next. */
  dueMs(now: number): number {
    const due = this.handshake.dueMs;
    const canBegin = !this.handshake.isRunning && this.targets().length > 0;
    if (!canBegin) return due;
    const session = this.association.current;
    if (session === null) return Math.min(due, Math.max(now, this.nextHandshakeMs));
    const wantedMs = Math.min(session.rekeyDueMs, silentAtMs(this.association, session));
    return Math.min(due, Math.max(this.nextHandshakeMs, wantedMs));
  }

  private begin(isForSilence: boolean, now: number): void {
    if (this.handshake.isRunning || now < this.nextHandshakeMs || this.targets().length === 0) return;
    this.isForSilence = isForSilence;
    this.handshake.begin(now);
  }

  private targets(): HandshakeTarget[] {
    return this.endpoints.targets(this.association.paths);
  }

  private establish(
    established: Established,
    localId: number,
    batch: PacketBatch,
    row: number,
    now: number,
  ): boolean {
    const { association, context } = this;
    const remoteId = established.sessionId | 0;
    const session = context.sessions.create(
      association,
      localId,
      remoteId,
      established.suite,
      established.keys,
      now,
    );
    if (session === null) {
      context.drops.add('table-full');
      return false;
    }
    session.peerIncarnation = established.incarnation;
    this.isForSilence = false;
    this.findPaths(batch, row, now);
    association.adopt(session, now);
    if (!this.isUp) this.events.push({ kind: 'session', state: 'established', suite: session.suiteName });
    this.isUp = true;
    return true;
  }

  /** The path that brought the answer is up. The others are asked at once: so the server learns them, and the session is confirmed over every path. */
  private findPaths(batch: PacketBatch, row: number, now: number): void {
    const { association } = this;
    // What was up led to where the server was before it was lost.
    const wasLost = association.current === null;
    const train = batch.train[row];
    const words = this.endpoints.handleAnswered(batch.trainAddress, train * ADDRESS_WORDS);
    const path = words && association.paths.find((other) => other?.row.socket === batch.trainSocket[train]);
    if (path) {
      path.setAddress(path.row.socket, words, 0);
      path.handleHandshake(now);
    }
    for (const other of association.paths) {
      if (other === null || other === path) continue;
      const endpoint = this.endpoints.of(other.row.family);
      if (endpoint !== null && (wasLost || !isUsable(other.state)))
        other.setAddress(other.row.socket, endpoint, 0);
      other.askNow(now);
    }
  }
}
