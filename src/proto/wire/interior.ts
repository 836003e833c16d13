/** ResIP interior packets: flags ‖ channel ‖ packet number ‖ size ‖ data, end to end in one plaintext. PROTOCOL.md §3. */
import { IP_INTERIOR_BYTES } from '../packet-batch.ts';
import { readU16, readUint, uintBytes, writeU16, writeU32, writeUint } from './integers.ts';

const FROM_SERVER = 0x80;
const COMPRESSED = 0x40;
const CONTINUED = 0x20;
const CHANNEL_SIZE_SHIFT = 3;
const CHANNEL_SIZE_MASK = 3;
const PACKET_NUMBER_SIZE_MASK = 7;
const FLAGS_BYTES = 1;
const SIZE_BYTES = 2;

/** Commands; packet number 0, never continued. */
export const COMMAND_CHANNEL = 0;
/** IP packets. */
export const IP_CHANNEL = 1;
/** Interior header of a command: flags 1, channel 1, packet number 1, size 2. */
export const COMMAND_INTERIOR_BYTES = 5;

/** Where its packet number stands in the fixed form on the IP channel. */
export const IP_INTERIOR_NUMBER = 2;

/** First data byte on the IP channel. */
export const IpFlags = {
  /** The transport checksum holds the pseudo-header sum only. */
  PARTIAL_CHECKSUM: 0x01,
  /** This piece continues a packet. */
  NOT_FIRST: 0x02,
  /** The number counts within a lane, whose packets want to come out in its order; the lane stands in the upper four bits. */
  ORDERED: 0x04,
  /** With `ORDERED`: earlier packets of the lane may still be under way over another path. */
  SPLIT: 0x08,
} as const;
const LANE_SHIFT = 4;
/** As many as four bits tell apart. */
export const LANES = 16;
/** The packet's order is nobody's concern: its IP flags say nothing of a lane. */
export const NO_LANE = -1;
export const UNORDERED = 0;

/** The IP flags of a packet in that lane. */
export function laneFlags(lane: number, isSplit: boolean): number {
  return IpFlags.ORDERED | (isSplit ? IpFlags.SPLIT : 0) | (lane << LANE_SHIFT);
}

/** The lane that these IP flags name, or `NO_LANE`. */
export function laneOf(ipFlags: number): number {
  return (ipFlags & IpFlags.ORDERED) === 0 ? NO_LANE : ipFlags >>> LANE_SHIFT;
}

/**
 * Walks the interior packets of one datagram without allocating: `reset`, then `next` until false; then `ok` tells
 * the end of the bytes (true) from a malformed header (false: the rest of the datagram is lost, count `interior`).
 */
export class InteriorReader {
  ok = true;
  /** uint32. */
  channel = 0;
  /** 0..2^53 - 1. */
  packetNumber = 0;
  continued = false;
  dataOffset = 0;
  dataLength = 0;
  private bytes: Uint8Array = new Uint8Array(0);
  private at = 0;
  private end = 0;
  private peerBit = 0;

  /** `bytes[offset .. offset + length)` is the plaintext of a data datagram; the caller vouches for the range. */
  reset(bytes: Uint8Array, offset: number, length: number, peerIsServer: boolean): void {
    this.bytes = bytes;
    this.at = offset;
    this.end = offset + length;
    this.peerBit = peerIsServer ? FROM_SERVER : 0;
    this.ok = true;
  }

  next(): boolean {
    const bytes = this.bytes;
    const at = this.at;
    if (at >= this.end) return false;
    const flags = bytes[at];
    const channelAt = at + FLAGS_BYTES;
    const numberAt = channelAt + ((flags >>> CHANNEL_SIZE_SHIFT) & CHANNEL_SIZE_MASK) + 1;
    const sizeAt = numberAt + (flags & PACKET_NUMBER_SIZE_MASK) + 1;
    const dataAt = sizeAt + SIZE_BYTES;
    if ((flags & (FROM_SERVER | COMPRESSED)) !== this.peerBit || dataAt > this.end) return this.fail();
    const size = readU16(bytes, sizeAt);
    const packetNumber = readUint(bytes, numberAt, sizeAt - numberAt);
    if (dataAt + size > this.end || packetNumber > Number.MAX_SAFE_INTEGER) return this.fail();
    this.channel = readUint(bytes, channelAt, numberAt - channelAt);
    this.packetNumber = packetNumber;
    this.continued = (flags & CONTINUED) !== 0;
    this.dataOffset = dataAt;
    this.dataLength = size;
    this.at = dataAt + size;
    return true;
  }

  private fail(): boolean {
    this.ok = false;
    this.at = this.end;
    return false;
  }
}

/**
 * Writes a header in its shortest form (6 to 15 bytes, 5 for a command) and returns its length; `size` data bytes
 * (0..65,535) follow.
 */
export function writeInteriorHeader(
  bytes: Uint8Array,
  at: number,
  fromServer: boolean,
  channel: number,
  packetNumber: number,
  size: number,
  continued: boolean,
): number {
  const channelBytes = uintBytes(channel);
  const numberBytes = uintBytes(packetNumber);
  bytes[at] =
    (fromServer ? FROM_SERVER : 0) |
    (continued ? CONTINUED : 0) |
    ((channelBytes - 1) << CHANNEL_SIZE_SHIFT) |
    (numberBytes - 1);
  writeUint(bytes, at + FLAGS_BYTES, channel, channelBytes);
  writeUint(bytes, at + FLAGS_BYTES + channelBytes, packetNumber, numberBytes);
  const sizeAt = at + FLAGS_BYTES + channelBytes + numberBytes;
  writeU16(bytes, sizeAt, size);
  return sizeAt + SIZE_BYTES - at;
}

/**
 * The fixed form on the IP channel, `IP_INTERIOR_BYTES` long with the IP flags: channel 1, 4-byte packet number (the
 * low 32 bits of `packetNumber`). `pieceBytes` of the IP packet follow: the size field says one more, for the flags.
 */
export function writeIpInterior(
  bytes: Uint8Array,
  at: number,
  fromServer: boolean,
  packetNumber: number,
  pieceBytes: number,
  continued: boolean,
  ipFlags: number,
): number {
  bytes[at] = (fromServer ? FROM_SERVER : 0) | (continued ? CONTINUED : 0) | 3;
  bytes[at + 1] = IP_CHANNEL;
  writeU32(bytes, at + IP_INTERIOR_NUMBER, packetNumber);
  writeU16(bytes, at + 6, pieceBytes + 1);
  bytes[at + 8] = ipFlags;
  return IP_INTERIOR_BYTES;
}
