/** The Internet checksum (RFC 1071), of packets that are made one at a time. */
import { readU16 } from '../proto/wire/integers.ts';

/** Of the 16-bit words from `from` on; an odd last byte counts as the upper half of one. */
export function sumWords(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at + 1 < to; at += 2) sum += readU16(bytes, at);
  return (to - from) % 2 === 0 ? sum : sum + bytes[to - 1] * 256;
}

/** As it goes into a header; `sum` of less than 2^37. */
export function checksumOf(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded % 0x1_0000) + Math.floor(folded / 0x1_0000);
  return ~folded & 0xffff;
}
