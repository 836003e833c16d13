/**
 * HandshakeState of the Noise Protocol Framework (revision 34, §5.3) for the one pattern in use:
 *
 *   IKpsk2:   <- s
 *             ...
 *             -> e, es, s, ss
 *             <- e, ee, se, psk
 */
import type { RandomBytes } from '../ports.ts';
import { KEY_BYTES, type Primitives } from './primitives.ts';
import { SymmetricState } from './symmetric-state.ts';

export const PROTOCOL_NAME = 'Noise_IKpsk2_25519_ChaChaPoly_BLAKE2b';
const DHLEN = 32;
const AEAD_TAG_BYTES = 16;

type Token = 'e' | 's' | 'ee' | 'es' | 'se' | 'ss' | 'psk';
const MESSAGE_1: readonly Token[] = ['e', 'es', 's', 'ss'];
const MESSAGE_2: readonly Token[] = ['e', 'ee', 'se', 'psk'];

/** Bytes that the messages add to their payloads. */
export const MESSAGE_1_OVERHEAD_BYTES = DHLEN + DHLEN + AEAD_TAG_BYTES + AEAD_TAG_BYTES;
export const MESSAGE_2_OVERHEAD_BYTES = DHLEN + AEAD_TAG_BYTES;

/** 32 bytes each; used, not copied. */
export interface KeyPair {
  readonly privateKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

export function keyPairOf(primitives: Primitives, privateKey: Uint8Array): KeyPair {
  return { privateKey, publicKey: primitives.x25519PublicKey(privateKey) };
}

export interface HandshakeOptions {
  readonly initiator: boolean;
  readonly prologue: Uint8Array;
  /** Own static keys. */
  readonly s: KeyPair;
  /** The responder's static public key; the initiator knows it beforehand, the responder leaves it out. */
  readonly rs?: Uint8Array;
}

export class HandshakeState {
  private symmetric: SymmetricState;
  private readonly initiator: boolean;
  private readonly s: KeyPair;
  private e: KeyPair | null = null;
  private rs: Uint8Array | null;
  private re: Uint8Array | null = null;
  private psk: Uint8Array | null = null;

  /** Initialize(). */
  constructor(
    private readonly primitives: Primitives,
    options: HandshakeOptions,
  ) {
    this.initiator = options.initiator;
    this.s = options.s;
    this.rs = options.rs ?? null;
    this.symmetric = new SymmetricState(primitives, PROTOCOL_NAME);
    this.symmetric.mixHash(options.prologue);
    this.symmetric.mixHash(this.initiator ? known(this.rs) : this.s.publicKey);
  }

  /** The peer's static public key: known to a responder once it has read message 1. */
  get remoteStatic(): Uint8Array {
    return known(this.rs);
  }

  /** The peer's ephemeral public key of the last message read. */
  get remoteEphemeral(): Uint8Array {
    return known(this.re);
  }

  /** Needed before message 2, when a responder has learned who asks. 32 bytes, used, not copied. */
  setPsk(psk: Uint8Array): void {
    this.psk = psk;
  }

  /** Message 1 (initiator) or 2 (responder); the ephemeral private key is `random(32)`. */
  writeMessage(payload: Uint8Array, random: RandomBytes): Uint8Array {
    const parts: Uint8Array[] = [];
    for (const token of this.initiator ? MESSAGE_1 : MESSAGE_2) {
      if (token === 'e') parts.push(this.writeEphemeral(random));
      else if (token === 's') parts.push(this.symmetric.encryptAndHash(this.s.publicKey));
      else if (!this.mix(token)) throw new Error('a key that was accepted before is of low order now');
    }
    parts.push(this.symmetric.encryptAndHash(payload));
    return concat(parts);
  }

  /** The payload of message 1 (responder) or 2 (initiator); null when it is not authentic: nothing has changed then. */
  readMessage(message: Uint8Array): Uint8Array | null {
    const { symmetric, rs, re } = this;
    this.symmetric = symmetric.clone();
    const payload = this.readTokens(message);
    if (payload === null) {
      this.symmetric.wipe();
      this.symmetric = symmetric;
      this.rs = rs;
      this.re = re;
    } else {
      symmetric.wipe();
    }
    return payload;
  }

  getHandshakeHash(): Uint8Array {
    return this.symmetric.getHandshakeHash();
  }

  /** After message 2: transport keys initiator to responder, responder to initiator. */
  split(): [k1: Uint8Array, k2: Uint8Array] {
    return this.symmetric.split();
  }

  /** Destroys the ephemeral private key and the chaining key: afterwards the state is of no use. */
  wipe(): void {
    if (this.e !== null) this.primitives.wipe(this.e.privateKey);
    this.e = null;
    this.symmetric.wipe();
  }

  private readTokens(message: Uint8Array): Uint8Array | null {
    let rest = message;
    for (const token of this.initiator ? MESSAGE_2 : MESSAGE_1) {
      if (token === 'e' || token === 's') {
        const length = token === 'e' ? DHLEN : DHLEN + AEAD_TAG_BYTES;
        if (rest.length < length) return null;
        const field = rest.subarray(0, length);
        rest = rest.subarray(length);
        if (!(token === 'e' ? this.readEphemeral(field) : this.readStatic(field))) return null;
      } else if (!this.mix(token)) {
        return null;
      }
    }
    return rest.length < AEAD_TAG_BYTES ? null : this.symmetric.decryptAndHash(rest);
  }

  private writeEphemeral(random: RandomBytes): Uint8Array {
    this.e = keyPairOf(this.primitives, random(KEY_BYTES));
    this.mixEphemeral(this.e.publicKey);
    return this.e.publicKey;
  }

  private readEphemeral(field: Uint8Array): boolean {
    this.re = field.slice();
    this.mixEphemeral(this.re);
    return true;
  }

  /** In PSK handshakes "e" mixes into the key as well (§9.2). */
  private mixEphemeral(publicKey: Uint8Array): void {
    this.symmetric.mixHash(publicKey);
    this.symmetric.mixKey(publicKey);
  }

  private readStatic(field: Uint8Array): boolean {
    this.rs = this.symmetric.decryptAndHash(field);
    return this.rs !== null;
  }

  /** The first letter of a DH token is the initiator's key, the second the responder's. False: a low-order key. */
  private mix(token: Exclude<Token, 'e' | 's'>): boolean {
    if (token === 'psk') {
      this.symmetric.mixKeyAndHash(known(this.psk));
      return true;
    }
    const [own, remote] = this.initiator ? [token[0], token[1]] : [token[1], token[0]];
    const pair = own === 'e' ? known(this.e) : this.s;
    const shared = this.primitives.x25519(pair.privateKey, known(remote === 'e' ? this.re : this.rs));
    if (shared === null) return false;
    this.symmetric.mixKey(shared);
    this.primitives.wipe(shared);
    return true;
  }
}

/** Order of calls is our own affair: a missing key is a bug. */
function known<T>(value: T | null): T {
  if (value === null) throw new Error('the handshake needs a key that is not there yet');
  return value;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
