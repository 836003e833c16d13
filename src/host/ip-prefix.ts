/** Addresses and prefixes of both families, between text and the bytes of the kernel. */
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from '../proto/wire/ip-text.ts';

export type Family = 4 | 6;

export interface Prefix {
  readonly family: Family;
  /** 4 or 16 bytes, host bits as they were given. */
  readonly bytes: Uint8Array;
  readonly prefixLength: number;
}

/** 4 or 16 bytes in network order; null when `text` is no address. */
export function addressBytes(text: string): Uint8Array | null {
  if (text.includes(':')) return parseIpv6(text);
  const value = parseIpv4(text);
  return value < 0 ? null : Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/** Canonical text of 4 or 16 bytes. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 16) return formatIpv6(bytes);
  return formatIpv4(((bytes[0] << 24) | (bytes[1] << 16) | (bytes[2] << 8) | bytes[3]) >>> 0);
}

export function familyOf(text: string): Family {
  return text.includes(':') ? 6 : 4;
}

/** `10.0.0.0/8`, `2001:db8::/32`; a bare address is its own /32 or /128. Null when malformed. */
export function parsePrefix(text: string): Prefix | null {
  const match = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text);
  const bytes = match ? addressBytes(match[1]) : null;
  if (!match || !bytes) return null;
  const bits = bytes.length * 8;
  const prefixLength = match[2] === undefined ? bits : Number(match[2]);
  return prefixLength > bits ? null : { family: bytes.length === 4 ? 4 : 6, bytes, prefixLength };
}

/** The network of a prefix: host bits cleared, canonical text with its length. */
export function networkText(prefix: Prefix): string {
  const network = prefix.bytes.map((byte, i) => byte & maskByte(prefix.prefixLength, i));
  return `${addressText(network)}/${prefix.prefixLength}`;
}

/** True when one of the two contains the other. */
export function prefixesOverlap(a: Prefix, b: Prefix): boolean {
  if (a.family !== b.family) return false;
  const length = Math.min(a.prefixLength, b.prefixLength);
  return a.bytes.every((byte, i) => ((byte ^ b.bytes[i]) & maskByte(length, i)) === 0);
}

/** Byte `i` of the network mask of `prefixLength` bits. */
function maskByte(prefixLength: number, i: number): number {
  const bits = Math.min(8, Math.max(0, prefixLength - 8 * i));
  return (0xff00 >> bits) & 0xff;
}
