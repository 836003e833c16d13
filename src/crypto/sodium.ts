/** The primitives of the handshake over libsodium (WebAssembly): about 0.1 ms per X25519, not for the packet path. */
import sodium from 'libsodium-wrappers';
import type { Primitives } from '../proto/session/primitives.ts';

/** Resolves when the WebAssembly module is ready; the result is stateless and can be shared. */
export async function loadPrimitives(): Promise<Primitives> {
  await sodium.ready;
  return {
    x25519PublicKey: (privateKey) => sodium.crypto_scalarmult_base(privateKey),
    x25519,
    blake2b,
    seal: (key, nonce, associated, plaintext) =>
      sodium.crypto_aead_chacha20poly1305_ietf_encrypt(plaintext, associated, null, nonce, key),
    open: (key, nonce, associated, ciphertext) =>
      orNull(() =>
        sodium.crypto_aead_chacha20poly1305_ietf_decrypt(null, ciphertext, associated, nonce, key),
      ),
    sealExtended: (key, nonce, associated, plaintext) =>
      sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, associated, null, nonce, key),
    openExtended: (key, nonce, associated, ciphertext) =>
      orNull(() =>
        sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(null, ciphertext, associated, nonce, key),
      ),
    wipe: (secret) => sodium.memzero(secret),
  };
}

/** libsodium refuses low-order points with an exception. */
function x25519(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array | null {
  try {
    return sodium.crypto_scalarmult(privateKey, publicKey);
  } catch {
    return null;
  }
}

function blake2b(bytes: number, key: Uint8Array | null, ...parts: readonly Uint8Array[]): Uint8Array {
  const state = sodium.crypto_generichash_init(key, bytes);
  for (const part of parts) sodium.crypto_generichash_update(state, part);
  return sodium.crypto_generichash_final(state, bytes);
}

/** `decrypt` throws for a tag that does not fit, and for nothing else once key and nonce have their lengths. */
function orNull(decrypt: () => Uint8Array): Uint8Array | null {
  try {
    return decrypt();
  } catch {
    return null;
  }
}
