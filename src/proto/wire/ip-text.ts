/** Addresses as text: IPv4 as uint32, IPv6 as 16 bytes (canonical form of RFC 5952 on the way out). */

/** uint32, or -1 when `text` is not a dotted quad. */
export function parseIpv4(text: string): number {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (!match) return -1;
  let value = 0;
  for (const part of match.slice(1)) {
    if (Number(part) > 255 || (part.length > 1 && part.startsWith('0'))) return -1;
    value = value * 256 + Number(part);
  }
  return value;
}

export function formatIpv4(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** 16 bytes, or null. Takes `::` and a dotted quad at the end; no zone. */
export function parseIpv6(text: string): Uint8Array | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = parseGroups(halves[0], halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1], true) : [];
  if (head === null || tail === null) return null;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 2) return null;
  return Uint8Array.from([...head, ...new Array<number>(missing).fill(0), ...tail]);
}

/** `bytes[at .. at + 16)`. */
export function formatIpv6(bytes: Uint8Array, at = 0): string {
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[at + 2 * i] << 8) | bytes[at + 2 * i + 1]);
  const [start, length] = longestZeroRun(groups);
  const hex = (part: number[]) => part.map((group) => group.toString(16)).join(':');
  if (length < 2) return hex(groups);
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}

export interface Cidr4 {
  /** Network address: host bits are 0. */
  readonly network: number;
  /** 0..32. */
  readonly prefixLength: number;
}

/** Null when malformed; host bits are cleared. */
export function parseCidr4(text: string): Cidr4 | null {
  const match = /^([^/]+)\/(\d{1,2})$/.exec(text);
  const address = match ? parseIpv4(match[1]) : -1;
  const prefixLength = match ? Number(match[2]) : 0;
  if (address < 0 || prefixLength > 32) return null;
  const hosts = 2 ** (32 - prefixLength);
  return { network: address - (address % hosts), prefixLength };
}

/** Bytes of colon-separated groups; `''` is none. */
function parseGroups(text: string, quadAllowed: boolean): number[] | null {
  if (text === '') return [];
  const parts = text.split(':');
  const bytes: number[] = [];
  for (const [i, part] of parts.entries()) {
    if (part.includes('.') && quadAllowed && i === parts.length - 1) {
      const quad = parseIpv4(part);
      if (quad < 0) return null;
      bytes.push(quad >>> 24, (quad >>> 16) & 255, (quad >>> 8) & 255, quad & 255);
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(part)) return null;
      const group = Number.parseInt(part, 16);
      bytes.push(group >>> 8, group & 255);
    }
  }
  return bytes;
}

/** Start and length of the first longest run of zero groups. */
function longestZeroRun(groups: readonly number[]): [start: number, length: number] {
  let best: [number, number] = [0, 0];
  for (let i = 0; i < groups.length; i++) {
    let end = i;
    while (end < groups.length && groups[end] === 0) end++;
    if (end - i > best[1]) best = [i, end - i];
    i = Math.max(i, end);
  }
  return best;
}
