/**
 * Inner packets of the workload. The id stands where no one on the way may touch it: IPv4 bytes 4 to 7 (identification and
 * fragment word), IPv6 the first four bytes behind the header. All other bytes follow from the id.
 */
import { IPV4_HEADER_BYTES, IPV6_HEADER_BYTES } from '../../src/proto/wire/ip.ts';

/** Smallest packets that can carry an id. */
export const MIN_INNER_BYTES = { 4: IPV4_HEADER_BYTES, 6: IPV6_HEADER_BYTES + 4 } as const;

export interface InnerAddresses {
  readonly family: 4 | 6;
  /** IPv4: uint32; IPv6: the last word behind `PREFIX6`. */
  readonly source: number;
  readonly destination: number;
}

/** fd00:77::/96: the inner IPv6 network of the simulated server. */
export const PREFIX6 = Uint8Array.from([0xfd, 0, 0, 0x77, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
/** A documentation network (RFC 3849) for destinations outside. */
const OUTSIDE6 = Uint8Array.from([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0]);

/** `outside`: IPv6 host words without this bit belong to `PREFIX6`. */
export const OUTSIDE_HOST = 0xc0000200;

/** What follows all bytes of a packet. */
export interface InnerForm {
  readonly id: number;
  readonly length: number;
  readonly addresses: InnerAddresses;
  /** No IP packet of this length: too short, or with a header that does not fit it. */
  readonly isMalformed: boolean;
}

export function writeInnerPacket(bytes: Uint8Array, at: number, packet: InnerForm): void {
  if (packet.isMalformed) {
    writeMalformed(bytes, at, packet);
    return;
  }
  const { id, length } = packet;
  const { family, source, destination } = packet.addresses;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, length);
  if (family === 4) {
    view.setUint32(0, 0x45000000 | length);
    view.setUint32(4, id);
    view.setUint32(8, 0x40110000);
    view.setUint32(12, source);
    view.setUint32(16, destination);
  } else {
    view.setUint32(0, 0x60000000);
    view.setUint32(4, ((length - IPV6_HEADER_BYTES) << 16) | 0x1140);
    writeHost6(bytes, at + 8, source);
    writeHost6(bytes, at + 24, destination);
    view.setUint32(IPV6_HEADER_BYTES, id);
  }
  fill(bytes, at, family === 4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES + 4, packet);
}

/** First words that no packet of `length` may have; below 20 bytes no first word helps. */
const MALFORMED_STARTS = [
  (length: number) => 0x45000000 | (length + 1),
  (length: number) => 0x45000000 | (length - 1),
  (length: number) => 0x44000000 | length,
  (length: number) => 0x50000000 | length,
  () => 0x60000000,
  () => 0,
  () => 0xffffffff,
];

function writeMalformed(bytes: Uint8Array, at: number, packet: InnerForm): void {
  const { id, length } = packet;
  fill(bytes, at, 0, packet);
  const start = MALFORMED_STARTS[id % MALFORMED_STARTS.length](length);
  for (let i = 0; i < Math.min(4, length); i++) bytes[at + i] = start >>> (24 - 8 * i);
  // The length of an IPv6 payload.
  if (length > 5) bytes[at + 4] = 0xff;
}

/** Bytes `from` and on. */
function fill(bytes: Uint8Array, at: number, from: number, { id, length }: InnerForm): void {
  let state = id | 1;
  for (let i = from; i < length; i++) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + i;
    bytes[at + i] = state >>> 16;
  }
}

/** Of a packet that begins at `at`, or of its first piece. */
export function packetId(bytes: Uint8Array, at: number): number {
  const idAt = at + (bytes[at] >>> 4 === 6 ? IPV6_HEADER_BYTES : 4);
  return ((bytes[idAt] << 24) | (bytes[idAt + 1] << 16) | (bytes[idAt + 2] << 8) | bytes[idAt + 3]) >>> 0;
}

function writeHost6(bytes: Uint8Array, at: number, host: number): void {
  bytes.set(host >>> 8 === OUTSIDE_HOST >>> 8 ? OUTSIDE6 : PREFIX6, at);
  new DataView(bytes.buffer, bytes.byteOffset + at).setUint32(12, host);
}
