/** What an invite secret stands for in the handshake. PROTOCOL.md §4. */
import { KEY_BYTES, type Primitives } from './primitives.ts';

const PSK_LABEL = new TextEncoder().encode('resip-vpn v1 psk');
const ID_LABEL = new TextEncoder().encode('resip-vpn v1 invite');
export const INVITE_ID_BYTES = 8;

/** The pre-shared key of clients that were configured by public key alone. */
export const NO_PSK: Uint8Array = new Uint8Array(KEY_BYTES);

/** The 32-byte pre-shared key of the client that spends this invite; `secret` is 1..64 bytes. */
export function deriveInvitePsk(primitives: Primitives, secret: Uint8Array): Uint8Array {
  return primitives.blake2b(KEY_BYTES, secret, PSK_LABEL);
}

/** What the client names the invite by, 8 bytes; tells nothing about the secret. */
export function deriveInviteId(primitives: Primitives, secret: Uint8Array): Uint8Array {
  return primitives.blake2b(INVITE_ID_BYTES, secret, ID_LABEL);
}
