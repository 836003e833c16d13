/** Inner packets of the load: IPv4, UDP to the discard port, then flow, number and time of departure. */
import { ipv4HeaderChecksum } from '../../../src/proto/wire/ip.ts';

/** RFC 863. */
export const DISCARD_PORT = 9;
export const HEADERS_BYTES = 28;
const NUMBER = HEADERS_BYTES;
const SENT_MS = HEADERS_BYTES + 4;
export const MIN_PACKET_BYTES = HEADERS_BYTES + 12;

/** A packet of `length` bytes, complete but for number and time; UDP without checksum (RFC 768 allows it). */
export function makeTemplate(source: number, destination: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0x4500);
  view.setUint16(2, length);
  view.setUint16(6, 0x4000);
  bytes[8] = 64;
  bytes[9] = 17;
  view.setUint32(12, source);
  view.setUint32(16, destination);
  view.setUint16(10, ipv4HeaderChecksum(bytes, 0));
  view.setUint16(20, 40_000);
  view.setUint16(22, DISCARD_PORT);
  view.setUint16(24, length - 20);
  return bytes;
}

export function stamp(bytes: Uint8Array, offset: number, number: number, nowMs: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset);
  view.setUint32(NUMBER, number);
  view.setFloat64(SENT_MS, nowMs);
}

export function sentMs(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset + offset).getFloat64(SENT_MS);
}
