/** The cryptographic primitives of the handshake, handed to the core (`crypto/sodium.ts` implements them). */

/** Keys are 32 bytes, tags 16. Wrong lengths are our bug and throw; what a peer can cause is a null. */
export interface Primitives {
  x25519PublicKey(privateKey: Uint8Array): Uint8Array;
  /** Shared secret, or null when `publicKey` is of low order (the result would be all zero; RFC 7748 §6.1). */
  x25519(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array | null;
  /** BLAKE2b over the concatenation of `parts`; 1..64 bytes out, `key` up to 64 bytes, null = unkeyed. */
  blake2b(bytes: number, key: Uint8Array | null, ...parts: readonly Uint8Array[]): Uint8Array;
  /** ChaCha20-Poly1305, RFC 8439, 12-byte nonce: ciphertext ‖ tag. */
  seal(key: Uint8Array, nonce: Uint8Array, associated: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** Null when the tag does not fit or `ciphertext` is shorter than a tag. */
  open(key: Uint8Array, nonce: Uint8Array, associated: Uint8Array, ciphertext: Uint8Array): Uint8Array | null;
  /** XChaCha20-Poly1305, 24-byte nonce: random nonces are safe. */
  sealExtended(key: Uint8Array, nonce: Uint8Array, associated: Uint8Array, plaintext: Uint8Array): Uint8Array;
  openExtended(
    key: Uint8Array,
    nonce: Uint8Array,
    associated: Uint8Array,
    ciphertext: Uint8Array,
  ): Uint8Array | null;
  /** Overwrites a secret that is no longer needed. */
  wipe(secret: Uint8Array): void;
}

/** Key, tag and nonce sizes shared by everything in this folder, bytes. */
export const KEY_BYTES = 32;
export const EXTENDED_NONCE_BYTES = 24;
