/** Readers of inner IP headers, allocation-free. RFC 791, RFC 8200. Accessors trust a packet that `checkIp` accepted. */
import { readU16, readU32, writeU16, writeU32 } from './integers.ts';

export const IPV4_HEADER_BYTES = 20;
export const IPV6_HEADER_BYTES = 40;

// IPv4
const V4_TOS = 1;
const V4_TOTAL_LENGTH = 2;
const V4_TTL = 8;
const V4_PROTOCOL = 9;
const V4_CHECKSUM = 10;
const V4_SOURCE = 12;
const V4_DESTINATION = 16;
// IPv6
const V6_PAYLOAD_LENGTH = 4;
const V6_NEXT_HEADER = 6;
const V6_SOURCE = 8;
const V6_DESTINATION = 24;

const V4_FIRST_BYTE = 0x45;
const BARE_TTL = 64;

/** 4 or 6 for one whole IP packet whose header, header length and total length fit `length` exactly; else 0. */
export function checkIp(bytes: Uint8Array, offset: number, length: number): 0 | 4 | 6 {
  if (length < IPV4_HEADER_BYTES) return 0;
  const version = bytes[offset] >>> 4;
  if (version === 4) {
    const headerBytes = ipv4HeaderBytes(bytes, offset);
    const fits = headerBytes >= IPV4_HEADER_BYTES && headerBytes <= length;
    return fits && readU16(bytes, offset + V4_TOTAL_LENGTH) === length ? 4 : 0;
  }
  if (version !== 6 || length < IPV6_HEADER_BYTES) return 0;
  return IPV6_HEADER_BYTES + readU16(bytes, offset + V6_PAYLOAD_LENGTH) === length ? 6 : 0;
}

/** The version nibble alone: any value. */
export function ipVersion(bytes: Uint8Array, offset: number): number {
  return bytes[offset] >>> 4;
}

/** Header and data, from the header. */
export function ipTotalLength(bytes: Uint8Array, offset: number): number {
  return ipVersion(bytes, offset) === 4
    ? readU16(bytes, offset + V4_TOTAL_LENGTH)
    : IPV6_HEADER_BYTES + readU16(bytes, offset + V6_PAYLOAD_LENGTH);
}

/** IPv4: protocol; IPv6: the first next-header (extension headers are not followed). */
export function ipProtocol(bytes: Uint8Array, offset: number): number {
  return bytes[offset + (ipVersion(bytes, offset) === 4 ? V4_PROTOCOL : V6_NEXT_HEADER)];
}

/** Header length with options, bytes. */
export function ipv4HeaderBytes(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] & 0x0f) * 4;
}

/** uint32. */
export function ipv4Source(bytes: Uint8Array, offset: number): number {
  return readU32(bytes, offset + V4_SOURCE);
}

/** uint32. */
export function ipv4Destination(bytes: Uint8Array, offset: number): number {
  return readU32(bytes, offset + V4_DESTINATION);
}

/** Compares with four big-endian words at `words[at]`. */
export function ipv6SourceEquals(bytes: Uint8Array, offset: number, words: Int32Array, at: number): boolean {
  for (let i = 0; i < 4; i++)
    if ((readU32(bytes, offset + V6_SOURCE + 4 * i) | 0) !== words[at + i]) return false;
  return true;
}

/** IPv6 from fe80::/10 or from the unspecified address. */
export function isLinkLocal6(bytes: Uint8Array, at: number): boolean {
  if (ipVersion(bytes, at) !== 6) return false;
  if (bytes[at + V6_SOURCE] === 0xfe && (bytes[at + V6_SOURCE + 1] & 0xc0) === 0x80) return true;
  for (let i = V6_SOURCE; i < V6_DESTINATION; i++) if (bytes[at + i] !== 0) return false;
  return true;
}

/**
 * Leads no further than the link it is sent on: the local network's multicast (224.0.0.0/24, RFC 5771 §4; ff02::/16 and less, RFC 4291
 * §2.7), the limited broadcast, fe80::/10.
 */
export function isForNeighbours(bytes: Uint8Array, at: number): boolean {
  if (ipVersion(bytes, at) === 6) {
    const first = bytes[at + V6_DESTINATION];
    const second = bytes[at + V6_DESTINATION + 1];
    return first === 0xff ? (second & 0x0f) <= 2 : first === 0xfe && (second & 0xc0) === 0x80;
  }
  const destination = ipv4Destination(bytes, at);
  return destination >>> 8 === 0xe0_00_00 || destination === 0xff_ff_ff_ff;
}

/** RFC 1071 sum over the header: 0 when the checksum in it is right. */
export function ipv4HeaderChecksum(bytes: Uint8Array, offset: number): number {
  const headerBytes = ipv4HeaderBytes(bytes, offset);
  let sum = 0;
  for (let i = 0; i < headerBytes; i += 2) sum += readU16(bytes, offset + i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/**
 * simplevpn's bare header: 20 bytes of IPv4 without data, checksum right. `identification` fills bytes 4 to 7
 * (identification, flags, fragment offset), uint32.
 */
export function writeBareIpv4(
  bytes: Uint8Array,
  at: number,
  source: number,
  destination: number,
  tos = 0,
  identification = 0,
): number {
  bytes[at] = V4_FIRST_BYTE;
  bytes[at + V4_TOS] = tos;
  writeU16(bytes, at + V4_TOTAL_LENGTH, IPV4_HEADER_BYTES);
  writeU32(bytes, at + 4, identification);
  bytes[at + V4_TTL] = BARE_TTL;
  bytes[at + V4_PROTOCOL] = 0;
  writeU16(bytes, at + V4_CHECKSUM, 0);
  writeU32(bytes, at + V4_SOURCE, source);
  writeU32(bytes, at + V4_DESTINATION, destination);
  writeU16(bytes, at + V4_CHECKSUM, ipv4HeaderChecksum(bytes, at));
  return IPV4_HEADER_BYTES;
}
