/**
 * Proof of address under load: the server asks for a cookie that only someone who receives at that address can have
 * seen. PROTOCOL.md §4.
 */
import type { RandomBytes } from '../ports.ts';
import { OBSERVED_MAX_BYTES, writeObserved } from '../wire/address-words.ts';
import { handshakeNonce } from './network-layer.ts';
import { EXTENDED_NONCE_BYTES, KEY_BYTES, type Primitives } from './primitives.ts';

export const COOKIE_BYTES = 16;
/** PROTOCOL.md §4. A cookie lives for one to two of these: the secret before the current one still counts. */
const SECRET_LIFE_MS = 120_000;
/** PROTOCOL.md §4: more initiations than this within a second are load. */
const INITIATIONS_PER_SECOND = 50;

/** The server's side: makes and checks cookies without remembering whom it gave them to. */
export class CookieJar {
  private secret: Uint8Array;
  private previous: Uint8Array;
  private changedMs = Number.NEGATIVE_INFINITY;
  private readonly address = new Uint8Array(OBSERVED_MAX_BYTES);

  constructor(
    private readonly primitives: Primitives,
    private readonly random: RandomBytes,
  ) {
    this.secret = random(KEY_BYTES);
    this.previous = this.secret;
  }

  /** The cookie of the remote side of the address words at `words[at]`. */
  make(words: Int32Array, at: number, now: number): Uint8Array {
    this.rotate(now);
    return this.cookie(this.secret, words, at);
  }

  check(cookie: Uint8Array, words: Int32Array, at: number, now: number): boolean {
    this.rotate(now);
    const current = equal(cookie, this.cookie(this.secret, words, at));
    const previous = equal(cookie, this.cookie(this.previous, words, at));
    return current || previous;
  }

  private rotate(now: number): void {
    const ageMs = now - this.changedMs;
    if (ageMs < SECRET_LIFE_MS) return;
    // After a long pause the old secret is as stale as the current one.
    const fresh = this.random(KEY_BYTES);
    const isNext = ageMs < 2 * SECRET_LIFE_MS;
    this.previous = isNext ? this.secret : fresh;
    this.secret = fresh;
    // Asked late, the next life has begun already.
    this.changedMs = isNext ? this.changedMs + SECRET_LIFE_MS : now;
  }

  private cookie(secret: Uint8Array, words: Int32Array, at: number): Uint8Array {
    const length = writeObserved(this.address, 0, words, at);
    return this.primitives.blake2b(COOKIE_BYTES, secret, this.address.subarray(0, length));
  }
}

/** Tells when the server is asked for so many handshakes that it wants cookies. */
export class LoadMeter {
  /** Ring of the last `INITIATIONS_PER_SECOND` arrivals, ms. */
  private readonly arrivals = new Float64Array(INITIATIONS_PER_SECOND).fill(Number.NEGATIVE_INFINITY);
  private next = 0;

  /** Counts an initiation; true when more than 50 arrived within the last second, this one included. */
  note(now: number): boolean {
    const oldest = this.arrivals[this.next];
    this.arrivals[this.next] = now;
    this.next = (this.next + 1) % this.arrivals.length;
    return now - oldest < 1_000;
  }
}

/** Body of a cookie datagram: the nonce of the initiation that it answers ‖ the cookie. */
export function cookieMessage(initiationDatagram: Uint8Array, cookie: Uint8Array): Uint8Array {
  const message = new Uint8Array(EXTENDED_NONCE_BYTES + COOKIE_BYTES);
  message.set(handshakeNonce(initiationDatagram), 0);
  message.set(cookie, EXTENDED_NONCE_BYTES);
  return message;
}

/** The cookie, or null when `message` does not answer the datagram that this side sent. */
export function parseCookieMessage(message: Uint8Array, initiationDatagram: Uint8Array): Uint8Array | null {
  if (message.length !== EXTENDED_NONCE_BYTES + COOKIE_BYTES) return null;
  const nonce = message.subarray(0, EXTENDED_NONCE_BYTES);
  return equal(nonce, handshakeNonce(initiationDatagram)) ? message.slice(EXTENDED_NONCE_BYTES) : null;
}

/** In a time that tells nothing about where two byte strings differ. */
function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i] ^ b[i];
  return difference === 0;
}
