/** The outer layer: keys that the network key stands for, and the seal around handshake messages. PROTOCOL.md §1, §4. */
import { DATAGRAM_HEADER_BYTES, TAG_BYTES } from '../packet-batch.ts';
import type { RandomBytes } from '../ports.ts';
import { type DatagramType, writeDatagramHeader } from '../wire/datagram.ts';
import { EXTENDED_NONCE_BYTES, KEY_BYTES, type Primitives } from './primitives.ts';

const MASK_LABEL = new TextEncoder().encode('resip-vpn v1 mask');
const HANDSHAKE_LABEL = new TextEncoder().encode('resip-vpn v1 handshake');
const NONCE = DATAGRAM_HEADER_BYTES;
const SEALED = NONCE + EXTENDED_NONCE_BYTES;
/** Bytes that a handshake datagram adds to its plaintext. */
export const HANDSHAKE_OVERHEAD_BYTES = SEALED + TAG_BYTES;

export class NetworkLayer {
  /** AES-256 key of the header mask, for the addon. */
  readonly maskKey: Uint8Array;
  private readonly handshakeKey: Uint8Array;

  /** `networkKey`: 32 bytes, shared by a server and all its clients. */
  constructor(
    private readonly primitives: Primitives,
    networkKey: Uint8Array,
  ) {
    this.maskKey = primitives.blake2b(KEY_BYTES, networkKey, MASK_LABEL);
    this.handshakeKey = primitives.blake2b(KEY_BYTES, networkKey, HANDSHAKE_LABEL);
  }

  /** A whole datagram; its header is not masked yet (the addon masks it as it sends). */
  sealHandshake(
    type: DatagramType,
    sessionId: number,
    plaintext: Uint8Array,
    random: RandomBytes,
  ): Uint8Array {
    const datagram = new Uint8Array(HANDSHAKE_OVERHEAD_BYTES + plaintext.length);
    writeDatagramHeader(datagram, 0, type, sessionId, 0);
    datagram.set(random(EXTENDED_NONCE_BYTES), NONCE);
    const header = datagram.subarray(0, NONCE);
    const nonce = datagram.subarray(NONCE, SEALED);
    datagram.set(this.primitives.sealExtended(this.handshakeKey, nonce, header, plaintext), SEALED);
    return datagram;
  }

  /** The plaintext of a datagram with unmasked header; null when it is short or not sealed under this network key. */
  openHandshake(datagram: Uint8Array): Uint8Array | null {
    if (datagram.length < HANDSHAKE_OVERHEAD_BYTES) return null;
    const header = datagram.subarray(0, NONCE);
    const nonce = datagram.subarray(NONCE, SEALED);
    return this.primitives.openExtended(this.handshakeKey, nonce, header, datagram.subarray(SEALED));
  }
}

/** The 24-byte nonce of a handshake datagram, which a cookie message repeats. A view; the datagram is a whole one. */
export function handshakeNonce(datagram: Uint8Array): Uint8Array {
  return datagram.subarray(NONCE, SEALED);
}
