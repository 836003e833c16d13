/**
 * Datagrams of someone who knows the network key (a client that was thrown out, say) and nothing else. Written from
 * PROTOCOL.md §1 and §2 alone, with other libraries than the product uses, so that it is a second reading of the text.
 */
import { createCipheriv, randomBytes } from 'node:crypto';
import sodium from 'libsodium-wrappers';

const HEADER_BYTES = 12;
const TAG_BYTES = 16;

/** BLAKE2b-256 keyed with the network key over the label. */
export async function maskKeyOf(networkKey: Uint8Array): Promise<Uint8Array> {
  await sodium.ready;
  return sodium.crypto_generichash(32, 'resip-vpn v1 mask', networkKey);
}

/** A datagram with a header that unmasks to what is asked, around `bodyBytes` of noise. `first` is the whole first byte. */
export function forgeDatagram(
  maskKey: Uint8Array,
  first: number,
  sessionId: number,
  packetNumber: number,
  bodyBytes: number,
): Uint8Array {
  const datagram = randomBytes(HEADER_BYTES + bodyBytes + TAG_BYTES);
  datagram.writeUInt8(first, 0);
  datagram.writeUInt32BE(sessionId, 1);
  datagram.writeUIntBE(0, 5, 3);
  datagram.writeUInt32BE(packetNumber, 8);
  return mask(datagram, maskKey);
}

/** The session id that a captured datagram of the client carries to the server. */
export function sessionIdOf(datagram: Uint8Array, maskKey: Uint8Array): number {
  return mask(Buffer.from(datagram), maskKey).readUInt32BE(1);
}

/** XOR with AES-256(mask key, tag): its own inverse. */
function mask(datagram: Buffer, maskKey: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-256-ecb', maskKey, null).setAutoPadding(false);
  const block = cipher.update(datagram.subarray(-TAG_BYTES));
  for (let index = 0; index < HEADER_BYTES; index += 1) datagram[index] ^= block[index];
  return datagram;
}
