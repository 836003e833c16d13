/**
 * Tells the sender of a datagram that it did not reach anybody, as the target's host would have (RFC 792, RFC 4443 §3.1): a program that
 * has connected its socket hears of it with its next call. It wants CAP_NET_RAW; without, the sender hears nothing.
 */
import { isIPv6 } from 'node:net';
import { loadNative } from '../native/native.ts';
import { writeU16 } from '../proto/wire/integers.ts';
import { IPV4_HEADER_BYTES, IPV6_HEADER_BYTES } from '../proto/wire/ip.ts';
import { Protocol, TerminateKind } from '../proto/wire/stream-commands.ts';
import { checksumOf, sumWords } from './internet-checksum.ts';
import type { SocketAddress } from './messages.ts';
import { addressBytes } from './target.ts';

const ICMP = 1;
const ICMP6 = 58;
const ICMP_HEADER_BYTES = 8;
const UDP_HEADER_BYTES = 8;
const TTL = 64;

/** Type "destination unreachable" of both, and its code. */
const TYPE = { 4: 3, 6: 1 } as const;
const CODES: Partial<Record<TerminateKind, { 4: number; 6: number }>> = {
  [TerminateKind.REFUSED]: { 4: 3, 6: 4 },
  [TerminateKind.UNREACHABLE]: { 4: 1, 6: 3 },
  [TerminateKind.NETWORK_UNREACHABLE]: { 4: 0, 6: 0 },
  [TerminateKind.DENIED]: { 4: 13, 6: 1 },
};

/** `port`: where the datagram came in; its address may be '' (every one): then nobody knows whom the sender believes to speak to. */
export function refuseDatagram(kind: TerminateKind | null, sender: SocketAddress, port: SocketAddress): void {
  const codes = kind === null ? undefined : CODES[kind];
  if (codes === undefined || port.address === '' || isIPv6(port.address) !== isIPv6(sender.address)) return;
  const family = isIPv6(port.address) ? 6 : 4;
  const { addon } = loadNative();
  try {
    const socket = addon.rawOpen(family);
    addon.rawSend(socket, unreachable(family, codes[family], sender, port), 0);
    addon.rawClose(socket);
  } catch {
    // No such right: silence, which datagrams have to expect.
  }
}

/** The answer, with as much of the datagram as is known: its headers. */
function unreachable(family: 4 | 6, code: number, sender: SocketAddress, port: SocketAddress): Uint8Array {
  const [from, to] = [addressBytes(sender.address), addressBytes(port.address)];
  const quoted = Uint8Array.of(
    ...ipHeader(Protocol.UDP, from, to, UDP_HEADER_BYTES),
    ...[sender.port >>> 8, sender.port, port.port >>> 8, port.port, 0, UDP_HEADER_BYTES, 0, 0],
  );
  const message = new Uint8Array(ICMP_HEADER_BYTES + quoted.length);
  message.set([TYPE[family], code]);
  message.set(quoted, ICMP_HEADER_BYTES);
  // Of ICMPv6 alone the addresses count (RFC 4443 §2.3).
  const pseudoHeader =
    family === 4 ? 0 : ICMP6 + message.length + sumWords(to, 0, 16) + sumWords(from, 0, 16);
  writeU16(message, 2, checksumOf(pseudoHeader + sumWords(message, 0, message.length)));
  return Uint8Array.of(...ipHeader(family === 4 ? ICMP : ICMP6, to, from, message.length), ...message);
}

/** For addresses of 4 or 16 bytes. */
function ipHeader(protocol: number, from: Uint8Array, to: Uint8Array, dataBytes: number): Uint8Array {
  if (from.length === 16) {
    const header = new Uint8Array(IPV6_HEADER_BYTES);
    header.set([0x60, 0, 0, 0, dataBytes >>> 8, dataBytes, protocol, TTL, ...from, ...to]);
    return header;
  }
  const header = new Uint8Array(IPV4_HEADER_BYTES);
  const length = IPV4_HEADER_BYTES + dataBytes;
  header.set([0x45, 0, length >>> 8, length, 0, 0, 0x40, 0, TTL, protocol, 0, 0, ...from, ...to]);
  writeU16(header, 10, checksumOf(sumWords(header, 0, header.length)));
  return header;
}
