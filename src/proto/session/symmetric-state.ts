/**
 * CipherState and SymmetricState of the Noise Protocol Framework (revision 34, §5.1 and §5.2) over ChaChaPoly and
 * BLAKE2b. Functions carry the specification's names.
 */
import { KEY_BYTES, type Primitives } from './primitives.ts';

export const HASHLEN = 64;
const BLOCKLEN = 128;
const NONCE_BYTES = 12;
const IPAD = 0x36;
const OPAD = 0x5c;
const NOTHING = new Uint8Array(0);

/** Of the HMAC at hand. A handshake takes 25 of them, and each buffer of more than 64 bytes is work for the garbage collector. */
const pad = new Uint8Array(BLOCKLEN);

export class CipherState {
  private k: Uint8Array | null = null;
  private n = 0;

  constructor(private readonly primitives: Primitives) {}

  initializeKey(key: Uint8Array): void {
    this.k = key;
    this.n = 0;
  }

  encryptWithAd(ad: Uint8Array, plaintext: Uint8Array): Uint8Array {
    if (this.k === null) return plaintext;
    return this.primitives.seal(this.k, this.nextNonce(), ad, plaintext);
  }

  /** Null when the tag does not fit; the nonce is not used up then. */
  decryptWithAd(ad: Uint8Array, ciphertext: Uint8Array): Uint8Array | null {
    if (this.k === null) return ciphertext;
    const plaintext = this.primitives.open(this.k, this.nextNonce(), ad, ciphertext);
    if (plaintext === null) this.n--;
    return plaintext;
  }

  clone(): CipherState {
    const copy = new CipherState(this.primitives);
    copy.k = this.k?.slice() ?? null;
    copy.n = this.n;
    return copy;
  }

  wipe(): void {
    if (this.k !== null) this.primitives.wipe(this.k);
    this.k = null;
  }

  /** ChaChaPoly: 4 zero bytes, then the counter in little endian (§12.3). A handshake uses it but a few times. */
  private nextNonce(): Uint8Array {
    const nonce = new Uint8Array(NONCE_BYTES);
    new DataView(nonce.buffer).setUint32(4, this.n++, true);
    return nonce;
  }
}

export class SymmetricState {
  private ck: Uint8Array;
  private h: Uint8Array;
  private cipher: CipherState;

  /** InitializeSymmetric. A protocol name of at most HASHLEN bytes is padded with zeros, not hashed. */
  constructor(
    private readonly primitives: Primitives,
    protocolName: string,
  ) {
    this.h = new Uint8Array(HASHLEN);
    new TextEncoder().encodeInto(protocolName, this.h);
    this.ck = this.h.slice();
    this.cipher = new CipherState(primitives);
  }

  mixKey(inputKeyMaterial: Uint8Array): void {
    const [ck, key] = this.hkdf(inputKeyMaterial, 2);
    this.setChainingKey(ck);
    this.cipher.initializeKey(key.slice(0, KEY_BYTES));
  }

  mixHash(data: Uint8Array): void {
    this.h = this.primitives.blake2b(HASHLEN, null, this.h, data);
  }

  mixKeyAndHash(inputKeyMaterial: Uint8Array): void {
    const [ck, hash, key] = this.hkdf(inputKeyMaterial, 3);
    this.setChainingKey(ck);
    this.mixHash(hash);
    this.cipher.initializeKey(key.slice(0, KEY_BYTES));
  }

  getHandshakeHash(): Uint8Array {
    return this.h;
  }

  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const ciphertext = this.cipher.encryptWithAd(this.h, plaintext);
    this.mixHash(ciphertext);
    return ciphertext;
  }

  /** Null when the tag does not fit. */
  decryptAndHash(ciphertext: Uint8Array): Uint8Array | null {
    const plaintext = this.cipher.decryptWithAd(this.h, ciphertext);
    if (plaintext !== null) this.mixHash(ciphertext);
    return plaintext;
  }

  /** The two transport keys, 32 bytes each: initiator to responder, responder to initiator. */
  split(): [k1: Uint8Array, k2: Uint8Array] {
    const [k1, k2] = this.hkdf(NOTHING, 2);
    return [k1.slice(0, KEY_BYTES), k2.slice(0, KEY_BYTES)];
  }

  /** An independent copy, so that a message that turns out false leaves no trace. */
  clone(): SymmetricState {
    const copy = new SymmetricState(this.primitives, '');
    copy.ck = this.ck.slice();
    copy.h = this.h.slice();
    copy.cipher = this.cipher.clone();
    return copy;
  }

  wipe(): void {
    this.primitives.wipe(this.ck);
    this.cipher.wipe();
  }

  private setChainingKey(ck: Uint8Array): void {
    this.primitives.wipe(this.ck);
    this.ck = ck;
  }

  /** HKDF of §4.3 with `outputs` 2 or 3, HASHLEN bytes each. */
  private hkdf(inputKeyMaterial: Uint8Array, outputs: 2 | 3): Uint8Array[] {
    const tempKey = this.hmac(this.ck, inputKeyMaterial);
    const output: Uint8Array[] = [];
    for (let i = 1; i <= outputs; i++) {
      output.push(this.hmac(tempKey, output.at(-1) ?? NOTHING, Uint8Array.of(i)));
    }
    this.primitives.wipe(tempKey);
    return output;
  }

  /** HMAC (RFC 2104) over unkeyed BLAKE2b, as §4.3 wants it; `key` is HASHLEN bytes, shorter than a block. */
  private hmac(key: Uint8Array, ...data: readonly Uint8Array[]): Uint8Array {
    for (let i = 0; i < BLOCKLEN; i++) pad[i] = (i < key.length ? key[i] : 0) ^ IPAD;
    const inner = this.primitives.blake2b(HASHLEN, null, pad, ...data);
    for (let i = 0; i < BLOCKLEN; i++) pad[i] ^= IPAD ^ OPAD;
    const tag = this.primitives.blake2b(HASHLEN, null, pad, inner);
    this.primitives.wipe(pad);
    return tag;
  }
}
