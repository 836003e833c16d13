/** Datagrams the slow way: `node:crypto`, one at a time, straight from PROTOCOL.md §2. */
import { createCipheriv } from 'node:crypto';
import { NativeSealer } from '../../src/native/batch-sealer.ts';
import { loadNative } from '../../src/native/native.ts';
import { DATAGRAM_HEADER_BYTES, type PacketBatch, TAG_BYTES, Verdict } from '../../src/proto/packet-batch.ts';
import { Suite } from '../../src/proto/ports.ts';
import { noise } from './packets.ts';

export const MASK_KEY = noise(32, 900);
export const KEY = noise(32, 901);
export const IV = noise(12, 902);

export interface DatagramSpec {
  readonly type: number;
  readonly sessionId: number;
  readonly packetNumber: bigint;
  readonly body: Uint8Array;
}

export function headerOf({ type, sessionId, packetNumber }: DatagramSpec): Uint8Array {
  const header = new Uint8Array(DATAGRAM_HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setBigUint64(4, packetNumber);
  view.setUint32(1, sessionId);
  header[0] = type;
  return header;
}

/** IV XOR (5 zero bytes, packet number). */
export function nonceOf(iv: Uint8Array, packetNumber: bigint): Uint8Array {
  const nonce = iv.slice();
  for (let i = 0; i < 7; i++) nonce[11 - i] ^= Number((packetNumber >> BigInt(8 * i)) & 255n);
  return nonce;
}

/** Ciphertext and tag. */
export function encrypt(
  suite: Suite,
  key: Uint8Array,
  nonce: Uint8Array,
  associatedData: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  const options = { authTagLength: TAG_BYTES };
  const cipher =
    suite === Suite.AES_256_GCM
      ? createCipheriv('aes-256-gcm', key, nonce, options)
      : createCipheriv('chacha20-poly1305', key, nonce, options);
  cipher.setAAD(associatedData, { plaintextLength: plaintext.length });
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([body, cipher.getAuthTag()]);
}

/** XOR with AES-256 over the tag: masks and unmasks. */
function maskHeader(key: Uint8Array, datagram: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false);
  const block = cipher.update(datagram.subarray(datagram.length - TAG_BYTES));
  return datagram.map((byte, i) => (i < DATAGRAM_HEADER_BYTES ? byte ^ block[i] : byte));
}

/** As it stands on the wire. */
export function sealedDatagram(suite: Suite, spec: DatagramSpec, key = KEY, iv = IV): Uint8Array {
  const header = headerOf(spec);
  const sealed = encrypt(suite, key, nonceOf(iv, spec.packetNumber), header, spec.body);
  return maskHeader(MASK_KEY, Buffer.concat([header, sealed]));
}

/** A sealer with `KEY` and `IV` in slot 3, for both directions. */
export function makeSealer(suite: Suite = Suite.AES_256_GCM, usesLibrary = true): NativeSealer {
  const sealer = new NativeSealer(loadNative(), { maskKey: MASK_KEY, slots: 8, usesLibrary });
  sealer.installKey(3, suite, KEY, IV, KEY, IV);
  return sealer;
}

/** A row as the core prepares it: header room in front of `body`, `Verdict.SEAL`. Returns the row. */
export function appendToSeal(batch: PacketBatch, spec: DatagramSpec, keySlot = 3): number {
  const row = batch.append(spec.body.length);
  batch.arena.set(spec.body, batch.offset[row]);
  batch.offset[row] -= DATAGRAM_HEADER_BYTES;
  batch.length[row] += DATAGRAM_HEADER_BYTES;
  batch.type[row] = spec.type;
  batch.sessionId[row] = spec.sessionId;
  batch.packetNumber[row] = Number(spec.packetNumber);
  batch.keySlot[row] = keySlot;
  batch.verdict[row] = Verdict.SEAL;
  return row;
}

/** A row as the receive stage leaves it before unmasking. Returns the row. */
export function appendReceived(batch: PacketBatch, datagram: Uint8Array): number {
  const row = batch.append(datagram.length);
  batch.arena.set(datagram, batch.offset[row]);
  batch.verdict[row] = Verdict.RECEIVED;
  return row;
}
