/** The first packet of a TCP connection (RFC 9293 §3.1), as the firewall logs its head: for whom it is, and how it is sent once more. */
import { readU16, writeU16 } from '../proto/wire/integers.ts';
import {
  IPV4_HEADER_BYTES,
  IPV6_HEADER_BYTES,
  ipProtocol,
  ipVersion,
  ipv4HeaderBytes,
  ipv4HeaderChecksum,
} from '../proto/wire/ip.ts';
import { Protocol } from '../proto/wire/stream-commands.ts';
import { checksumOf, sumWords } from './internet-checksum.ts';

export interface SynPacket {
  readonly family: 4 | 6;
  /** Of `connectionKey`. */
  readonly key: string;
  /** Whom it asks: 4 or 16 bytes. */
  readonly host: Uint8Array;
  readonly port: number;
  /** On its own: without the data that it may have carried (RFC 7413 has it sent again), checksums right. */
  readonly packet: Uint8Array;
}

// IPv4
const V4_TOTAL_LENGTH = 2;
const V4_FRAGMENT = 6;
/** More fragments, offset. */
const V4_FRAGMENT_MASK = 0x3fff;
const V4_CHECKSUM = 10;
const V4_ADDRESSES = 12;
// IPv6
const V6_PAYLOAD_LENGTH = 4;
const V6_ADDRESSES = 8;
// TCP
const TCP_HEADER_BYTES = 20;
const TCP_DATA_OFFSET = 12;
const TCP_FLAGS = 13;
const TCP_CHECKSUM = 16;
const FIN_SYN_RST_ACK = 0x17;
const SYN = 0x02;

/** Tells one connection from another; addresses are 4 or 16 bytes. */
export function connectionKey(
  source: Uint8Array,
  sourcePort: number,
  host: Uint8Array,
  port: number,
): string {
  return Buffer.concat([
    source,
    host,
    Uint8Array.of(sourcePort >>> 8, sourcePort, port >>> 8, port),
  ]).toString('latin1');
}

/** `head`: both headers at least; what follows them may be cut off. Null for anything else than a whole SYN without extension headers. */
export function readSyn(head: Uint8Array): SynPacket | null {
  const tcpAt = transportAt(head);
  if (tcpAt === 0 || tcpAt + TCP_HEADER_BYTES > head.length) return null;
  const end = tcpAt + (head[tcpAt + TCP_DATA_OFFSET] >>> 4) * 4;
  if (end < tcpAt + TCP_HEADER_BYTES || end > head.length) return null;
  if ((head[tcpAt + TCP_FLAGS] & FIN_SYN_RST_ACK) !== SYN) return null;
  const packet = head.slice(0, end);
  const family = ipVersion(packet, 0) === 4 ? 4 : 6;
  const [from, addressBytes] = family === 4 ? [V4_ADDRESSES, 4] : [V6_ADDRESSES, 16];
  finish(packet, family, tcpAt, from, addressBytes);
  const source = packet.subarray(from, from + addressBytes);
  const host = packet.slice(from + addressBytes, from + 2 * addressBytes);
  const port = readU16(packet, tcpAt + 2);
  return { family, key: connectionKey(source, readU16(packet, tcpAt), host, port), host, port, packet };
}

/** Where the TCP header is; 0 = there is none that could be read. */
function transportAt(head: Uint8Array): number {
  if (head.length < IPV4_HEADER_BYTES) return 0;
  const version = ipVersion(head, 0);
  if (version === 6) {
    return head.length >= IPV6_HEADER_BYTES && ipProtocol(head, 0) === Protocol.TCP ? IPV6_HEADER_BYTES : 0;
  }
  if (version !== 4 || ipProtocol(head, 0) !== Protocol.TCP) return 0;
  if ((readU16(head, V4_FRAGMENT) & V4_FRAGMENT_MASK) !== 0) return 0;
  const headerBytes = ipv4HeaderBytes(head, 0);
  return headerBytes >= IPV4_HEADER_BYTES ? headerBytes : 0;
}

/** Length and checksums. The kernel leaves the latter to the device. */
function finish(packet: Uint8Array, family: 4 | 6, tcpAt: number, from: number, addressBytes: number): void {
  const tcpBytes = packet.length - tcpAt;
  if (family === 4) {
    writeU16(packet, V4_TOTAL_LENGTH, packet.length);
    writeU16(packet, V4_CHECKSUM, 0);
    writeU16(packet, V4_CHECKSUM, ipv4HeaderChecksum(packet, 0));
  } else writeU16(packet, V6_PAYLOAD_LENGTH, tcpBytes);
  writeU16(packet, tcpAt + TCP_CHECKSUM, 0);
  const pseudoHeader = Protocol.TCP + tcpBytes + sumWords(packet, from, from + 2 * addressBytes);
  writeU16(packet, tcpAt + TCP_CHECKSUM, checksumOf(pseudoHeader + sumWords(packet, tcpAt, packet.length)));
}
