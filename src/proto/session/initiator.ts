/**
 * The client's cryptographic steps of a handshake, without timers: `start`, send the message (again and again, over all
 * paths), `finish` with whatever arrives until it is not null. PROTOCOL.md §4.
 */
import type { RandomBytes, Suite } from '../ports.ts';
import { COOKIE_BYTES } from './cookie.ts';
import { deriveSessionKeys, type SessionKeys } from './handshake-keys.ts';
import { encodeInitiation, parseResponse } from './handshake-payload.ts';
import { HandshakeState, type KeyPair, keyPairOf } from './noise.ts';
import type { Primitives } from './primitives.ts';

/** Both sides hash it before anything else: other versions and protocols do not understand each other. */
export const PROLOGUE: Uint8Array = new TextEncoder().encode('resip-vpn v1');

export interface InitiatorOptions {
  /** 32 bytes each; used, not copied. */
  readonly privateKey: Uint8Array;
  readonly serverPublicKey: Uint8Array;
  /** Of the invite, or `NO_PSK`. */
  readonly psk: Uint8Array;
}

export interface InitiationOptions {
  /** Higher than in every earlier initiation of this key, 0..2^53 - 1. */
  readonly counter: number;
  /** uint32, not 0: where this side wants to receive. */
  readonly sessionId: number;
  /** Best first. */
  readonly suites: readonly Suite[];
  /** 8 bytes, until the server knows this key. */
  readonly inviteId?: Uint8Array;
  /** uint32, 0 = none: PROTOCOL.md §4. */
  readonly incarnation?: number;
}

export interface Established {
  readonly kind: 'established';
  readonly keys: SessionKeys;
  /** uint32: what goes into the headers of datagrams to the server. */
  readonly sessionId: number;
  readonly suite: Suite;
  /** uint32, 0 = none: PROTOCOL.md §4. */
  readonly incarnation: number;
}

export interface Refused {
  readonly kind: 'refused';
  /** `RefusalCode`, or one of a later version. */
  readonly code: number;
  readonly text: string;
}

export class Initiator {
  private handshake: HandshakeState | null = null;
  private message: Uint8Array = new Uint8Array(0);
  private suites: readonly Suite[] = [];
  private readonly keys: KeyPair;

  constructor(
    private readonly primitives: Primitives,
    private readonly options: InitiatorOptions,
  ) {
    this.keys = keyPairOf(primitives, options.privateKey);
  }

  /** A fresh initiation: no cookie ‖ Noise message 1, to be sealed by the network layer. Forgets an earlier one. */
  start(options: InitiationOptions, random: RandomBytes): Uint8Array {
    this.abandon();
    this.suites = options.suites;
    this.handshake = new HandshakeState(this.primitives, {
      initiator: true,
      prologue: PROLOGUE,
      s: this.keys,
      rs: this.options.serverPublicKey,
    });
    this.handshake.setPsk(this.options.psk);
    const { inviteId = null, incarnation = 0 } = options;
    const payload = encodeInitiation({ ...options, inviteId, incarnation });
    const noiseMessage = this.handshake.writeMessage(payload, random);
    this.message = new Uint8Array(COOKIE_BYTES + noiseMessage.length);
    this.message.set(noiseMessage, COOKIE_BYTES);
    return this.message;
  }

  /** The running initiation again, with the 16-byte cookie that the server asked for. */
  withCookie(cookie: Uint8Array): Uint8Array {
    const message = this.message.slice();
    message.set(cookie, 0);
    return message;
  }

  /** Null when `message` does not answer the running initiation: it runs on. Otherwise it is over. */
  finish(message: Uint8Array): Established | Refused | null {
    const payloadBytes = this.handshake?.readMessage(message) ?? null;
    if (this.handshake === null || payloadBytes === null) return null;
    const payload = parseResponse(payloadBytes);
    const result = payload === null ? null : this.conclude(this.handshake, payload);
    // An authentic answer that makes no sense is not repeated any better: the next initiation is a fresh one.
    this.abandon();
    return result;
  }

  /** Forgets the running initiation and its keys. */
  abandon(): void {
    this.handshake?.wipe();
    this.handshake = null;
  }

  private conclude(
    handshake: HandshakeState,
    payload: NonNullable<ReturnType<typeof parseResponse>>,
  ): Established | Refused | null {
    if ('code' in payload) return { kind: 'refused', ...payload };
    const suite = this.suites.find((own) => own === payload.suite);
    if (suite === undefined) return null;
    const [k1, k2] = handshake.split();
    const keys = deriveSessionKeys(this.primitives, k1, k2);
    const { sessionId, incarnation } = payload;
    return { kind: 'established', keys, sessionId, suite, incarnation };
  }
}
