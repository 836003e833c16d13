/** Addresses of the simulated internet: one number each, so that they are cheap to compare and to keep in maps. */
import { ADDRESS_WORDS } from '../../../src/proto/packet-batch.ts';
import { formatIpv4 } from '../../../src/proto/wire/ip-text.ts';

/** (IPv6 ? 2^48 : 0) + 32 bits of host + 16 bits of port. */
export type Address = number;

const IPV6 = 2 ** 48;
const PORTS = 65_536;
/** 2001:db8:: (RFC 3849); the last word is the host. */
const PREFIX6 = [0x20010db8, 0, 0] as const;

export function address(family: 4 | 6, host: number, port: number): Address {
  return (family === 6 ? IPV6 : 0) + (host >>> 0) * PORTS + port;
}

export function familyOf(value: Address): 4 | 6 {
  return value >= IPV6 ? 6 : 4;
}

export function portOf(value: Address): number {
  return value % PORTS;
}

/** Family and host: who owns an address, whatever the port. */
export function hostOf(value: Address): number {
  return Math.floor(value / PORTS);
}

export function withPort(value: Address, port: number): Address {
  return value - portOf(value) + port;
}

export function readWords(words: Int32Array, at: number): Address {
  const family = words[at] >>> 16 === 6 ? 6 : 4;
  return address(family, family === 6 ? words[at + 4] : words[at + 1], words[at] & 0xffff);
}

/** Fills the remote side with `remote` and the local one with `local`. */
export function writeWords(remote: Address, local: Address, words: Int32Array, at: number): void {
  words.fill(0, at, at + ADDRESS_WORDS);
  words[at] = (familyOf(remote) << 16) | portOf(remote);
  writeHost(remote, words, at + 1);
  writeHost(local, words, at + 5);
}

export function addressWords(remote: Address): Int32Array {
  const words = new Int32Array(ADDRESS_WORDS);
  words[0] = (familyOf(remote) << 16) | portOf(remote);
  writeHost(remote, words, 1);
  return words;
}

/** As a configuration names it. */
export function socketAddress(value: Address): { address: string; port: number } {
  const host = Math.floor((value % IPV6) / PORTS);
  const text =
    familyOf(value) === 6
      ? `2001:db8::${(host >>> 16).toString(16)}:${(host & 0xffff).toString(16)}`
      : formatIpv4(host);
  return { address: text, port: portOf(value) };
}

export function formatAddress(value: Address): string {
  const { address, port } = socketAddress(value);
  return `${familyOf(value) === 6 ? `[${address}]` : address}:${port}`;
}

function writeHost(value: Address, words: Int32Array, at: number): void {
  const host = Math.floor((value % IPV6) / PORTS) | 0;
  if (familyOf(value) === 4) {
    words[at] = host;
    return;
  }
  for (let i = 0; i < 3; i++) words[at + i] = PREFIX6[i];
  words[at + 3] = host;
}
