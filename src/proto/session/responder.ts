/** The server's cryptographic steps of a handshake, without timers and without memory of clients. PROTOCOL.md §4. */
import { TAG_BYTES } from '../packet-batch.ts';
import type { RandomBytes, Suite } from '../ports.ts';
import { COOKIE_BYTES } from './cookie.ts';
import { deriveSessionKeys, type SessionKeys } from './handshake-keys.ts';
import {
  encodeHandshakeRefusal,
  encodeResponse,
  type InitiationPayload,
  parseInitiation,
  type RefusalCode,
} from './handshake-payload.ts';
import { PROLOGUE } from './initiator.ts';
import { HandshakeState, type KeyPair, keyPairOf } from './noise.ts';
import { KEY_BYTES, type Primitives } from './primitives.ts';

/** Cookie ‖ Noise message 1 (ephemeral key, static key with tag, tag of an empty payload): longer than a cookie message. */
export const INITIATION_MIN_BYTES = COOKIE_BYTES + KEY_BYTES + (KEY_BYTES + TAG_BYTES) + TAG_BYTES;

/** An initiation whose sender knows this server's key; whether it is an old one, only its counter tells. */
export interface Initiation {
  /** The client's static public key, 32 bytes, proven by the message. */
  readonly clientPublicKey: Uint8Array;
  /** The client's ephemeral public key, 32 bytes: two initiations are the same when these are. */
  readonly ephemeral: Uint8Array;
  readonly payload: InitiationPayload;
  /** Used up by `respond` or `refuse`. */
  readonly handshake: HandshakeState;
}

/** Why an initiation is not one: not for this server's key, or sealed by a client with a payload we cannot read. */
export type InitiationFault = 'not-authentic' | 'malformed';

/** The 16 cookie bytes of a network-opened initiation, zero when there is none; null when it is too short. */
export function initiationCookie(plaintext: Uint8Array): Uint8Array | null {
  return plaintext.length < COOKIE_BYTES ? null : plaintext.subarray(0, COOKIE_BYTES);
}

export class Responder {
  private readonly keys: KeyPair;

  /** `privateKey`: 32 bytes, used, not copied. */
  constructor(
    private readonly primitives: Primitives,
    privateKey: Uint8Array,
  ) {
    this.keys = keyPairOf(primitives, privateKey);
  }

  get publicKey(): Uint8Array {
    return this.keys.publicKey;
  }

  /** `plaintext`: what the network layer opened, cookie ‖ Noise message 1. The cookie is not judged here. */
  readInitiation(plaintext: Uint8Array): Initiation | InitiationFault {
    const handshake = new HandshakeState(this.primitives, {
      initiator: false,
      prologue: PROLOGUE,
      s: this.keys,
    });
    const payloadBytes = handshake.readMessage(plaintext.subarray(COOKIE_BYTES));
    if (payloadBytes === null) return 'not-authentic';
    const payload = parseInitiation(payloadBytes);
    if (payload === null) return 'malformed';
    return {
      clientPublicKey: handshake.remoteStatic,
      ephemeral: handshake.remoteEphemeral,
      payload,
      handshake,
    };
  }

  /** Noise message 2 and the keys of the new session, whose datagrams arrive under `sessionId` (uint32, not 0). */
  respond(
    initiation: Initiation,
    psk: Uint8Array,
    choice: { readonly sessionId: number; readonly suite: Suite; readonly incarnation?: number },
    random: RandomBytes,
  ): { message: Uint8Array; keys: SessionKeys } {
    const { handshake } = initiation;
    handshake.setPsk(psk);
    const message = handshake.writeMessage(encodeResponse({ incarnation: 0, ...choice }), random);
    const [k1, k2] = handshake.split();
    handshake.wipe();
    return { message, keys: deriveSessionKeys(this.primitives, k2, k1) };
  }

  /** Noise message 2 that says no. */
  refuse(
    initiation: Initiation,
    psk: Uint8Array,
    code: RefusalCode,
    text: string,
    random: RandomBytes,
  ): Uint8Array {
    const { handshake } = initiation;
    handshake.setPsk(psk);
    const message = handshake.writeMessage(encodeHandshakeRefusal({ code, text }), random);
    handshake.wipe();
    return message;
  }
}
