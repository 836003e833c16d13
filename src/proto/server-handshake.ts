/**
 * The server's side of handshakes (PROTOCOL.md §4), in the order of its cheapness: what the network key does not open, what was
 * answered already, what comes too fast, what the public keys do not open, what is not on the list, what is a replay. A
 * pending session replaces nothing; the first authentic datagram confirms it.
 */
import { Admission, type Caller } from './admission.ts';
import type { Client, ClientDirectory } from './association/client-directory.ts';
import { base64 } from './base64.ts';
import type { Source } from './command/source.ts';
import type { CoreContext } from './core-context.ts';
import { ADDRESS_WORDS, type PacketBatch } from './packet-batch.ts';
import {
  MAX_PENDING,
  MAX_REFUSALS,
  mayAnswer,
  type Pending,
  PendingHandshakes,
} from './pending-handshakes.ts';
import type { Suite } from './ports.ts';
import { CookieJar, cookieMessage, LoadMeter } from './session/cookie.ts';
import { chooseSuite, RefusalCode } from './session/handshake-payload.ts';
import { handshakeNonce } from './session/network-layer.ts';
import {
  INITIATION_MIN_BYTES,
  type Initiation,
  initiationCookie,
  type Responder,
} from './session/responder.ts';
import type { Session } from './session/session.ts';
import { StaleCallers } from './stale-callers.ts';
import { DatagramType } from './wire/datagram.ts';

/** Initiations that wait for their public-key work; more are not even opened. The client repeats its own anyway. */
const MAX_WAITING = 512;
/** Public-key work of so many at once, then packets get their turn: about two milliseconds. */
const READS_PER_TURN = 2;

/** What the handshake needs from the server around it. */
export interface HandshakeHost {
  readonly directory: ClientDirectory;
  /** The client's association, made if there is none; null = the table is full. */
  associationOf(client: Client, now: number): Client['association'];
  /** The client's first authentic datagram in this session arrived. */
  handleConfirmed(client: Client, session: Session, now: number): void;
}

export class ServerHandshake {
  private readonly pending = new PendingHandshakes();
  private readonly cookies: CookieJar;
  private readonly load = new LoadMeter();
  private readonly admission: Admission;
  private readonly stale = new StaleCallers();
  /** Opened by the network key, in the order of arrival. */
  private readonly waiting: {
    id: string;
    plaintext: Uint8Array;
    source: Source;
    arrivedMs: number;
  }[] = [];

  constructor(
    private readonly context: CoreContext,
    private readonly responder: Responder,
    private readonly host: HandshakeHost,
  ) {
    this.cookies = new CookieJar(context.primitives, context.random);
    this.admission = new Admission(host.directory, context.events);
  }

  get nextMs(): number {
    return this.waiting.length > 0 ? this.waiting[0].arrivedMs : this.pending.nextMs;
  }

  /** Does a turn's share of the public-key work that waits: a thousand clients at once must not hold up anybody's packets. */
  work(now: number): void {
    for (const { id, plaintext, source } of this.waiting.splice(0, READS_PER_TURN)) {
      const known = this.pending.find(id);
      if (known !== undefined) this.transmit(known, source);
      else if (this.pending.isSpent(id)) this.context.rejects.add('handshake-replayed');
      else this.read(id, plaintext, source, now);
    }
  }

  handleInitiation(datagram: Uint8Array, batch: PacketBatch, row: number, now: number): void {
    const { rejects, network } = this.context;
    if (this.waiting.length >= MAX_WAITING) {
      rejects.add('handshake-overload');
      return;
    }
    const plaintext = network.openHandshake(datagram);
    if (plaintext === null) {
      rejects.add('handshake-network-key');
      return;
    }
    // Under load a cookie would answer it, which is longer: nobody is to be flooded by way of us.
    if (plaintext.length < INITIATION_MIN_BYTES) {
      rejects.add('handshake-malformed');
      return;
    }
    const source = sourceOf(batch, row);
    const id = initiationId(datagram);
    const known = this.pending.find(id);
    if (known !== undefined) {
      this.transmit(known, source);
      return;
    }
    if (this.pending.isSpent(id)) {
      rejects.add('handshake-replayed');
      return;
    }
    if (this.load.note(now) && !this.hasCookie(plaintext, datagram, source, now)) return;
    this.waiting.push({ id, plaintext, source, arrivedMs: now });
  }

  /**
   * The first authentic datagram of a session that is not in use yet: its client is who it says. False = it is not welcome any
   * more, and the session is to be ended.
   */
  confirm(session: Session, now: number): boolean {
    const publicKey = session.association.key;
    const pending = this.pending.ofClient(publicKey);
    if (pending === undefined || pending.session !== session) return false;
    this.pending.remove(pending);
    const client = this.admission.confirm(pending, now);
    if (client === undefined) return false;
    client.counter = Math.max(client.counter, pending.counter);
    this.host.handleConfirmed(client, session, now);
    return true;
  }

  /** Forgets a handshake under way: the client is not welcome any more. */
  cancel(publicKey: string): void {
    const pending = this.pending.ofClient(publicKey);
    this.admission.forget(publicKey);
    if (pending === undefined) return;
    this.pending.remove(pending);
    this.discard(pending);
  }

  /** True while an answered handshake of this client waits for its confirmation. */
  hasPending(publicKey: string): boolean {
    return this.pending.ofClient(publicKey) !== undefined;
  }

  /** Forgets what nobody confirmed. */
  expire(now: number): void {
    for (const pending of this.pending.expire(now)) {
      this.discard(pending);
      if (!this.hasPending(pending.publicKey)) this.admission.forget(pending.publicKey);
    }
  }

  /** The session is removed; its association may be without use now. */
  private discard(pending: Pending): void {
    if (pending.session === null) return;
    this.context.sessions.remove(pending.session);
    this.context.wake(pending.session.association);
  }

  /** Under load: true with a valid cookie; otherwise a cookie goes to where the initiation claims to come from. */
  private hasCookie(
    plaintext: Uint8Array,
    datagram: Uint8Array,
    { socket, words, at }: Source,
    now: number,
  ): boolean {
    const cookie = initiationCookie(plaintext);
    if (cookie !== null && this.cookies.check(cookie, words, at, now)) return true;
    this.context.rejects.add('handshake-overload');
    const message = cookieMessage(datagram, this.cookies.make(words, at, now));
    const answer = this.context.network.sealHandshake(DatagramType.COOKIE, 0, message, this.context.random);
    this.context.outbox.handshake(DatagramType.COOKIE, 0, answer, socket, words, at);
    return false;
  }

  private read(id: string, plaintext: Uint8Array, source: Source, now: number): void {
    const { rejects } = this.context;
    const initiation = this.responder.readInitiation(plaintext);
    if (typeof initiation === 'string') {
      rejects.add('handshake-malformed');
      return;
    }
    const publicKey = base64(initiation.clientPublicKey);
    const caller = this.admission.identify(publicKey, initiation, now);
    if (caller.kind === 'stranger') {
      rejects.add('handshake-unknown-client');
      return;
    }
    const counter = initiation.payload.counter;
    const earlier = this.pending.ofClient(publicKey);
    if (earlier?.ephemeral === base64(initiation.ephemeral)) {
      this.transmit(earlier, source);
      return;
    }
    const floor = Math.max(caller.kind === 'client' ? caller.client.counter : -1, earlier?.counter ?? -1);
    if (counter <= floor) {
      this.pending.spend(id);
      rejects.add('handshake-replayed');
      if (caller.kind === 'client' && this.stale.handle(publicKey, counter))
        this.context.events.push({ kind: 'peer-stale', name: caller.client.name });
      return;
    }
    const isRefusal = caller.kind === 'refused';
    if (this.pending.size >= MAX_PENDING || (isRefusal && this.pending.refusals >= MAX_REFUSALS)) {
      rejects.add('handshake-overload');
      return;
    }
    if (earlier !== undefined) {
      this.pending.remove(earlier);
      this.discard(earlier);
    }
    const isNewcomer = caller.kind === 'client' && caller.inviteId !== null;
    if (isNewcomer && this.admission.isFull) {
      rejects.add('handshake-overload');
      return;
    }
    const pending = this.respond(id, publicKey, caller, initiation, now);
    if (pending === null) return;
    this.pending.add(pending);
    if (isNewcomer) this.admission.expect(caller.client);
    this.transmit(pending, source);
  }

  private respond(
    id: string,
    publicKey: string,
    caller: Exclude<Caller, { kind: 'stranger' }>,
    initiation: Initiation,
    now: number,
  ): Pending | null {
    const { random, sessions, sealer } = this.context;
    const { payload } = initiation;
    const remoteId = payload.sessionId | 0;
    const base = {
      id,
      ephemeral: base64(initiation.ephemeral),
      publicKey,
      counter: payload.counter,
      remoteId,
      createdMs: now,
      addresses: [],
    };
    const refuse = (psk: Uint8Array, code: RefusalCode, text: string): Pending => {
      const message = this.responder.refuse(initiation, psk, code, text, random);
      return { ...base, response: this.seal(message, remoteId), session: null, inviteId: null };
    };
    if (caller.kind === 'refused') return refuse(caller.psk, caller.code, caller.text);
    const { client } = caller;
    const suite = chooseSuite(payload.suites, sealer.suites) as Suite | 0;
    if (suite === 0) return refuse(client.psk, RefusalCode.VERSION, 'no cipher suite in common');
    const association = this.host.associationOf(client, now);
    if (association === null)
      return refuse(client.psk, RefusalCode.FULL, 'the server has no room for more clients');
    const localId = sessions.newId();
    if (association.incarnation === 0) association.incarnation = localId >>> 0;
    const { message, keys } = this.responder.respond(
      initiation,
      client.psk,
      { sessionId: localId >>> 0, suite, incarnation: association.incarnation },
      random,
    );
    const session = sessions.create(association, localId, remoteId, suite, keys, now);
    if (session === null) {
      this.context.drops.add('table-full');
      return null;
    }
    session.peerIncarnation = payload.incarnation;
    return { ...base, response: this.seal(message, remoteId), session, inviteId: caller.inviteId };
  }

  private seal(message: Uint8Array, remoteId: number): Uint8Array {
    const { network, random } = this.context;
    return network.sealHandshake(DatagramType.RESPONSE, remoteId >>> 0, message, random);
  }

  private transmit(pending: Pending, { socket, words, at }: Source): void {
    if (!mayAnswer(pending, words, at)) {
      this.context.rejects.add('handshake-replayed');
      return;
    }
    const { outbox } = this.context;
    outbox.handshake(DatagramType.RESPONSE, pending.remoteId, pending.response, socket, words, at);
  }
}

/** A copy: the batch is gone when its turn comes. */
function sourceOf(batch: PacketBatch, row: number): Source {
  const train = batch.train[row];
  const words = batch.trainAddress.slice(train * ADDRESS_WORDS, (train + 1) * ADDRESS_WORDS);
  return { socket: batch.trainSocket[train], words, at: 0 };
}

/** Nonce and tag: who repeats both repeats the datagram. */
function initiationId(datagram: Uint8Array): string {
  return base64(handshakeNonce(datagram)) + base64(datagram.subarray(datagram.length - 16));
}
