/**
 * The idle keep-alive after simplevpn: an IPv4 header with both addresses 255.255.255.255, echoed unaltered by the
 * server. The client keeps a path id in the TOS byte and a time stamp in bytes 4 to 7. PROTOCOL.md §5.
 */
import { Command } from './commands.ts';
import { readU32 } from './integers.ts';
import { IPV4_HEADER_BYTES, ipv4Destination, ipv4Source, writeBareIpv4 } from './ip.ts';

const HEADER = 1;
const PATH_ID = HEADER + 1;
const STAMP = HEADER + 4;
export const KEEP_ALIVE_BYTES = HEADER + IPV4_HEADER_BYTES;
const BROADCAST = 0xffffffff;

/** `stamp`: uint32, the client's own unit; returns `KEEP_ALIVE_BYTES`. */
export function writeKeepAlive(bytes: Uint8Array, at: number, pathId: number, stamp: number): number {
  bytes[at] = Command.KEEP_ALIVE;
  writeBareIpv4(bytes, at + HEADER, BROADCAST, BROADCAST, pathId, stamp);
  return KEEP_ALIVE_BYTES;
}

/** Length and both addresses are what makes a keep-alive; every other field may be anything. */
export function isKeepAlive(bytes: Uint8Array, offset: number, length: number): boolean {
  return (
    length === KEEP_ALIVE_BYTES &&
    ipv4Source(bytes, offset + HEADER) === BROADCAST &&
    ipv4Destination(bytes, offset + HEADER) === BROADCAST
  );
}

export function keepAlivePathId(bytes: Uint8Array, offset: number): number {
  return bytes[offset + PATH_ID];
}

export function keepAliveStamp(bytes: Uint8Array, offset: number): number {
  return readU32(bytes, offset + STAMP);
}
