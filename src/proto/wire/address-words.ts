/**
 * Socket addresses as words (`ADDRESS_WORDS` in `packet-batch.ts`): compared and copied without allocating, and the
 * observed address as a probe reply carries it: family 1 (4 or 6) ‖ port 2 ‖ address 4 or 16. PROTOCOL.md §5.
 */
import { ADDRESS_WORDS } from '../packet-batch.ts';
import { readU16, readU32, writeU16, writeU32 } from './integers.ts';

const FAMILY_AND_PORT = 0;
const REMOTE = 1;
/** Words 0..4 are the remote side: family, port, address. */
const REMOTE_WORDS = 5;
const FAMILY_SHIFT = 16;
const PORT_MASK = 0xffff;
const OBSERVED_HEADER_BYTES = 3;
/** Longest observed address on the wire (IPv6). */
export const OBSERVED_MAX_BYTES = OBSERVED_HEADER_BYTES + 16;

/** Same family, remote address and remote port; the local side may differ. */
export function sameRemote(a: Int32Array, atA: number, b: Int32Array, atB: number): boolean {
  for (let i = 0; i < REMOTE_WORDS; i++) if (a[atA + i] !== b[atB + i]) return false;
  return true;
}

/** Same family and remote address; the port may differ. */
export function sameHost(a: Int32Array, atA: number, b: Int32Array, atB: number): boolean {
  if (addressFamily(a, atA) !== addressFamily(b, atB)) return false;
  for (let i = REMOTE; i < REMOTE_WORDS; i++) if (a[atA + i] !== b[atB + i]) return false;
  return true;
}

export function copyAddress(from: Int32Array, fromAt: number, to: Int32Array, toAt: number): void {
  for (let i = 0; i < ADDRESS_WORDS; i++) to[toAt + i] = from[fromAt + i];
}

/** 4, 6, or 0 when nothing was written there yet. */
export function addressFamily(words: Int32Array, at: number): number {
  return words[at + FAMILY_AND_PORT] >>> FAMILY_SHIFT;
}

/** Remote port, host order. */
export function addressPort(words: Int32Array, at: number): number {
  return words[at + FAMILY_AND_PORT] & PORT_MASK;
}

/** Writes the remote side and returns its length: 7 or 19 bytes. */
export function writeObserved(bytes: Uint8Array, at: number, words: Int32Array, wordsAt: number): number {
  const family = addressFamily(words, wordsAt);
  bytes[at] = family;
  writeU16(bytes, at + 1, addressPort(words, wordsAt));
  const addressAt = at + OBSERVED_HEADER_BYTES;
  const wordCount = family === 6 ? 4 : 1;
  for (let i = 0; i < wordCount; i++) writeU32(bytes, addressAt + 4 * i, words[wordsAt + REMOTE + i]);
  return OBSERVED_HEADER_BYTES + 4 * wordCount;
}

/**
 * Reads what `writeObserved` wrote into the remote words; the local side becomes 0. Returns the bytes read, or 0 when
 * they are malformed (`words` is untouched then).
 */
export function readObserved(
  bytes: Uint8Array,
  offset: number,
  length: number,
  words: Int32Array,
  wordsAt: number,
): number {
  if (length < OBSERVED_HEADER_BYTES) return 0;
  const family = bytes[offset];
  if (family !== 4 && family !== 6) return 0;
  const wordCount = family === 6 ? 4 : 1;
  if (length < OBSERVED_HEADER_BYTES + 4 * wordCount) return 0;
  words.fill(0, wordsAt, wordsAt + ADDRESS_WORDS);
  words[wordsAt + FAMILY_AND_PORT] = (family << FAMILY_SHIFT) | readU16(bytes, offset + 1);
  const addressAt = offset + OBSERVED_HEADER_BYTES;
  for (let i = 0; i < wordCount; i++) words[wordsAt + REMOTE + i] = readU32(bytes, addressAt + 4 * i);
  return OBSERVED_HEADER_BYTES + 4 * wordCount;
}
