/** From the two keys of Noise's Split() to the keys of a session. PROTOCOL.md §4. */
import type { Primitives } from './primitives.ts';

const KEY_LABEL = new TextEncoder().encode('resip-vpn v1 key');
const IV_LABEL = new TextEncoder().encode('resip-vpn v1 iv');
const DERIVED_BYTES = 32;
const IV_BYTES = 12;

/** Keys are 32 bytes, IVs 12. The side that seals with `sealKey` opens with `openKey`. */
export interface SessionKeys {
  readonly sealKey: Uint8Array;
  readonly sealIv: Uint8Array;
  readonly openKey: Uint8Array;
  readonly openIv: Uint8Array;
}

/** `sealSecret` is k1 for the initiator and k2 for the responder, `openSecret` the other. Wipes both. */
export function deriveSessionKeys(
  primitives: Primitives,
  sealSecret: Uint8Array,
  openSecret: Uint8Array,
): SessionKeys {
  const keys = {
    sealKey: primitives.blake2b(DERIVED_BYTES, sealSecret, KEY_LABEL),
    sealIv: primitives.blake2b(DERIVED_BYTES, sealSecret, IV_LABEL).slice(0, IV_BYTES),
    openKey: primitives.blake2b(DERIVED_BYTES, openSecret, KEY_LABEL),
    openIv: primitives.blake2b(DERIVED_BYTES, openSecret, IV_LABEL).slice(0, IV_BYTES),
  };
  primitives.wipe(sealSecret);
  primitives.wipe(openSecret);
  return keys;
}
