/** The 12 header bytes of a datagram, unmasked. PROTOCOL.md §2. */
import { DATAGRAM_HEADER_BYTES, TAG_BYTES } from '../packet-batch.ts';
import { readU32, readUint, writeU32, writeUint } from './integers.ts';

const TYPE = 0;
const SESSION_ID = 1;
const PACKET_NUMBER = 5;
const PACKET_NUMBER_BYTES = 7;

/** Anything shorter is dropped (`short`). */
export const MIN_DATAGRAM_BYTES = DATAGRAM_HEADER_BYTES + TAG_BYTES;

export const DatagramType = { DATA: 0, INITIATION: 1, RESPONSE: 2, COOKIE: 3 } as const;
export type DatagramType = (typeof DatagramType)[keyof typeof DatagramType];

/** The whole first byte: a value that is no `DatagramType` (its high nibble counts) is dropped (`type`). */
export function datagramType(bytes: Uint8Array, offset: number): number {
  return bytes[offset + TYPE];
}

/** The receiver's session id, uint32. */
export function datagramSessionId(bytes: Uint8Array, offset: number): number {
  return readU32(bytes, offset + SESSION_ID);
}

/** 0..2^56 - 1; above 2^53 - 1 rounded, never sent. */
export function datagramPacketNumber(bytes: Uint8Array, offset: number): number {
  return readUint(bytes, offset + PACKET_NUMBER, PACKET_NUMBER_BYTES);
}

/** Writes `DATAGRAM_HEADER_BYTES` at `at`. */
export function writeDatagramHeader(
  bytes: Uint8Array,
  at: number,
  type: DatagramType,
  sessionId: number,
  packetNumber: number,
): void {
  bytes[at + TYPE] = type;
  writeU32(bytes, at + SESSION_ID, sessionId);
  writeUint(bytes, at + PACKET_NUMBER, packetNumber, PACKET_NUMBER_BYTES);
}
