/** The primitives of the handshake with those by the addon on which it spends its time: X25519 and the Noise hash. */
import type { Primitives } from '../proto/session/primitives.ts';
import type { Native } from './native.ts';

const POINT_BYTES = 32;
const HASH_BYTES = 64;
/** What one call of the addon takes. */
const MAX_PARTS = 7;

/** `primitives` does the rest; both make the same bytes. */
export function withNative({ addon }: Native, primitives: Primitives): Primitives {
  return {
    ...primitives,
    x25519PublicKey(privateKey) {
      const publicKey = new Uint8Array(POINT_BYTES);
      addon.x25519PublicKey(privateKey, publicKey);
      return publicKey;
    },
    x25519(privateKey, publicKey) {
      const shared = new Uint8Array(POINT_BYTES);
      return addon.x25519(privateKey, publicKey, shared) ? shared : null;
    },
    blake2b(bytes, key, ...parts) {
      if (bytes !== HASH_BYTES || key !== null || parts.length > MAX_PARTS)
        return primitives.blake2b(bytes, key, ...parts);
      const hash = new Uint8Array(HASH_BYTES);
      addon.blake2b512(hash, ...parts);
      return hash;
    },
  };
}
