/**
 * rtnetlink payloads are a fixed header, then attributes (rtnetlink(7), linux/rtnetlink.h). Numbers are in host order,
 * addresses in network order. The parsers beside this file read what the program uses and skip the rest, so that a
 * kernel newer than any type library breaks nothing; what is not ours to understand comes out as `other`.
 */
import { endianness } from 'node:os';
import type { Family } from '../ip-prefix.ts';
import { parseAttributes } from './library.ts';

/** AF_INET, AF_INET6. */
export const AF = { 4: 2, 6: 10 } as const;
export const SCOPE_LINK = 253;

const isLittle = endianness() === 'LE';

export function u32(data: Buffer, at = 0): number {
  return isLittle ? data.readUInt32LE(at) : data.readUInt32BE(at);
}

export function u16(data: Buffer, at = 0): number {
  return isLittle ? data.readUInt16LE(at) : data.readUInt16BE(at);
}

export function put32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  if (isLittle) buffer.writeUInt32LE(value >>> 0);
  else buffer.writeUInt32BE(value >>> 0);
  return buffer;
}

export function put16(value: number): Buffer {
  const buffer = put32(value);
  return isLittle ? buffer.subarray(0, 2) : buffer.subarray(2);
}

/** The last attribute of each type wins. */
export function attributes(payload: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  parseAttributes(payload, ({ type, data }) => found.set(type, data));
  return found;
}

/** A u32 attribute, 0 when absent. */
export function numberOf(data: Buffer | undefined): number {
  return data ? u32(data) : 0;
}

/** A NUL-terminated string attribute. */
export function stringOf(data: Buffer | undefined): string {
  return data ? data.toString('utf8').replace(/\0.*$/s, '') : '';
}

/** Null for anything but IPv4 and IPv6. */
export function familyFrom(af: number): Family | null {
  return af === AF[4] ? 4 : af === AF[6] ? 6 : null;
}

/** Key of `value` in `numbers`, else `other`. */
export function nameOf<T extends string>(numbers: Record<T, number>, value: number): T | 'other' {
  return (Object.keys(numbers) as T[]).find((name) => numbers[name] === value) ?? 'other';
}

/** `struct rtmsg`, `ifaddrmsg`, `fib_rule_hdr` begin with the family, `ifinfomsg` takes zero: one empty request dumps any. */
export function dumpRequest(family?: Family): Buffer {
  const header = Buffer.alloc(16);
  if (family) header[0] = AF[family];
  return header;
}
