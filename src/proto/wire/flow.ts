/**
 * What sets the packets of one conversation apart from others, read from an IP packet that `checkIp` accepted: protocol,
 * ports, DSCP and a hash. One reusable object; nothing is allocated per packet.
 *
 * IPv6 extension headers are followed to the transport header. A later fragment has no ports; all fragments of a conversation
 * between two addresses hash alike.
 */

import { readU16, readU32 } from './integers.ts';
import { IPV4_HEADER_BYTES, IPV6_HEADER_BYTES, ipTotalLength, ipVersion } from './ip.ts';

export const Protocol = { ICMP: 1, TCP: 6, UDP: 17, ICMP6: 58 } as const;

const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const DESTINATION_OPTIONS = 60;
const DCCP = 33;
const SCTP = 132;
const UDP_LITE = 136;

/** Extension headers that are followed; longer chains are nobody's traffic. */
const MAX_EXTENSIONS = 8;

export class FlowReader {
  /** Transport protocol; ICMPv6 is told as ICMP. */
  protocol = 0;
  /** -1: the packet shows none. */
  sourcePort = -1;
  destinationPort = -1;
  /** 0..63. */
  dscp = 0;
  /** uint32; equal for all packets of one direction of a conversation. */
  hash = 0;
  private isFragment = false;
  private isFirst = true;
  private transportAt = 0;

  read(bytes: Uint8Array, at: number): void {
    this.sourcePort = -1;
    this.destinationPort = -1;
    this.isFragment = false;
    this.isFirst = true;
    const end = at + ipTotalLength(bytes, at);
    if (ipVersion(bytes, at) === 4) this.readIpv4(bytes, at);
    else this.readIpv6(bytes, at, end);
    if (this.protocol === Protocol.ICMP6) this.protocol = Protocol.ICMP;
    if (this.isFirst && hasPorts(this.protocol) && this.transportAt + 4 <= end) {
      this.sourcePort = readU16(bytes, this.transportAt);
      this.destinationPort = readU16(bytes, this.transportAt + 2);
    }
    const ports = this.isFragment || this.sourcePort < 0 ? 0 : readU32(bytes, this.transportAt);
    this.hash = mix(mix(this.hash, ports), this.protocol) >>> 0;
  }

  private readIpv4(bytes: Uint8Array, at: number): void {
    this.dscp = bytes[at + 1] >>> 2;
    this.protocol = bytes[at + 9];
    const fragment = readU16(bytes, at + 6);
    this.isFirst = (fragment & 0x1fff) === 0;
    this.isFragment = (fragment & 0x3fff) !== 0;
    this.transportAt = at + (bytes[at] & 0x0f) * 4;
    this.hash = mix(readU32(bytes, at + 12), readU32(bytes, at + IPV4_HEADER_BYTES - 4));
  }

  private readIpv6(bytes: Uint8Array, at: number, end: number): void {
    this.dscp = ((bytes[at] & 0x0f) << 2) | (bytes[at + 1] >>> 6);
    let hash = 0;
    for (let word = at + 8; word < at + IPV6_HEADER_BYTES; word += 4) hash = mix(hash, readU32(bytes, word));
    this.hash = hash;
    let next = bytes[at + 6];
    let header = at + IPV6_HEADER_BYTES;
    for (let i = 0; i < MAX_EXTENSIONS && isExtension(next) && header + 8 <= end; i++) {
      if (next === FRAGMENT) {
        this.isFragment = true;
        this.isFirst = (readU16(bytes, header + 2) & 0xfff8) === 0;
      }
      const length = extensionBytes(next, bytes[header + 1]);
      next = bytes[header];
      header += length;
      if (!this.isFirst) break;
    }
    this.protocol = next;
    this.transportAt = header;
  }
}

function hasPorts(protocol: number): boolean {
  return (
    protocol === Protocol.TCP ||
    protocol === Protocol.UDP ||
    protocol === SCTP ||
    protocol === DCCP ||
    protocol === UDP_LITE
  );
}

function isExtension(header: number): boolean {
  return (
    header === HOP_BY_HOP ||
    header === ROUTING ||
    header === FRAGMENT ||
    header === AUTHENTICATION ||
    header === DESTINATION_OPTIONS
  );
}

/** RFC 8200 §4, RFC 4302 §2.2. */
function extensionBytes(header: number, lengthField: number): number {
  if (header === FRAGMENT) return 8;
  return header === AUTHENTICATION ? (lengthField + 2) * 4 : (lengthField + 1) * 8;
}

/** One round of a multiplicative hash: short, and every bit of both reaches the upper half. */
function mix(hash: number, word: number): number {
  const product = Math.imul((hash ^ word) | 0, 0x9e3779b1);
  return product ^ (product >>> 15);
}
