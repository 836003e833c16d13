/** Socket addresses: text, and the words that cross the addon (`ADDRESS_WORDS` in `proto/packet-batch.ts`). */
import { isIPv4, isIPv6 } from 'node:net';
import { ADDRESS_WORDS } from '../proto/packet-batch.ts';

/** First word of the remote and of the local address. */
const REMOTE = 1;
const LOCAL = 5;
const INTERFACE = 9;

/**
 * Writes family, port and remote address to `words` from `at`, and clears the local side. `address` is an IPv4 or IPv6
 * address without brackets or zone; IPv4-mapped IPv6 becomes IPv4. False, and nothing written, when it is none.
 */
export function parseAddress(address: string, port: number, words: Int32Array, at = 0): boolean {
  const bytes = addressBytes(address);
  if (bytes === null || !Number.isInteger(port) || port < 0 || port > 65535) return false;
  words.fill(0, at, at + ADDRESS_WORDS);
  words[at] = ((bytes.length === 4 ? 4 : 6) << 16) | port;
  writeBytes(bytes, words, at + REMOTE);
  return true;
}

/**
 * Sets the local side: the address that datagrams leave from (of the family that stands there), and the interface, 0 = any.
 * False, and nothing written, when `address` is none of that family.
 */
export function setLocalAddress(words: Int32Array, at: number, address: string, interfaceIndex = 0): boolean {
  const bytes = addressBytes(address);
  if (bytes === null || bytes.length !== (familyOf(words, at) === 4 ? 4 : 16)) return false;
  words.fill(0, at + LOCAL, at + ADDRESS_WORDS);
  writeBytes(bytes, words, at + LOCAL);
  words[at + INTERFACE] = interfaceIndex;
  return true;
}

/** 4 or 6; 0 where no address stands. */
export function familyOf(words: Int32Array, at = 0): number {
  return words[at] >>> 16;
}

export function portOf(words: Int32Array, at = 0): number {
  return words[at] & 0xffff;
}

export function interfaceIndexOf(words: Int32Array, at = 0): number {
  return words[at + INTERFACE];
}

/** The remote address as text without port, the shortest form (RFC 5952). */
export function formatHost(words: Int32Array, at = 0): string {
  return formatWords(words, at + REMOTE, familyOf(words, at));
}

/** The local address as text; `0.0.0.0` or `::` = the kernel chooses. */
export function formatLocal(words: Int32Array, at = 0): string {
  return formatWords(words, at + LOCAL, familyOf(words, at));
}

/** `192.0.2.1:4600` or `[2001:db8::1]:4600`. */
export function formatAddress(words: Int32Array, at = 0): string {
  const host = formatHost(words, at);
  return familyOf(words, at) === 6 ? `[${host}]:${portOf(words, at)}` : `${host}:${portOf(words, at)}`;
}

/** 4 or 16 bytes; null when the text is no address. */
export function addressBytes(address: string): Uint8Array | null {
  if (isIPv4(address)) return Uint8Array.from(address.split('.'), Number);
  if (!isIPv6(address) || address.includes('%')) return null;
  const groups = ipv6Groups(address);
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  const bytes = Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
  return isMapped ? bytes.slice(12) : bytes;
}

/** `address` is valid IPv6: eight groups of 16 bits. */
function ipv6Groups(address: string): number[] {
  const dotted = address.lastIndexOf(':') + 1;
  const tail = address.slice(dotted);
  if (tail.includes('.')) {
    const [a, b, c, d] = tail.split('.').map(Number);
    const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
    return ipv6Groups(address.slice(0, dotted) + hex);
  }
  const parse = (part: string) =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const [head, rest] = address.split('::', 2);
  if (rest === undefined) return parse(head);
  const left = parse(head);
  const right = parse(rest);
  return [...left, ...new Array(8 - left.length - right.length).fill(0), ...right];
}

function writeBytes(bytes: Uint8Array, words: Int32Array, at: number): void {
  for (let i = 0; i < bytes.length; i += 4) {
    words[at + i / 4] = (bytes[i] << 24) | (bytes[i + 1] << 16) | (bytes[i + 2] << 8) | bytes[i + 3];
  }
}

function formatWords(words: Int32Array, at: number, family: number): string {
  if (family === 4) {
    const word = words[at];
    return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
  }
  const groups: number[] = [];
  for (let i = 0; i < 4; i++) groups.push(words[at + i] >>> 16, words[at + i] & 0xffff);
  return formatGroups(groups);
}

/** The longest run of at least two zero groups, the first of equals, becomes `::`. */
function formatGroups(groups: number[]): string {
  let best = 0;
  let bestLength = 1;
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > bestLength) {
      best = start;
      bestLength = length;
    }
  }
  const hex = groups.map((group) => group.toString(16));
  if (bestLength < 2) return hex.join(':');
  return `${hex.slice(0, best).join(':')}::${hex.slice(best + bestLength).join(':')}`;
}
