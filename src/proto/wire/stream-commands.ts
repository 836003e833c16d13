/**
 * start, stop, ACK and terminate as in ResIP: integers are packed, a leading byte tells their sizes minus one.
 * Emitters and readers follow the conventions of `commands.ts`. Version 1 answers `start` with `stop`.
 */
import { Command } from './commands.ts';
import { readUint, uintBytes, writeUint } from './integers.ts';

const COMMAND_BYTES = 1;
const SIZES_BYTES = 1;
const CHANNEL = COMMAND_BYTES + SIZES_BYTES;

// start, client to server
const START_COMPRESSION = 0x80;
const START_FRAGMENTATION = 0x40;
const START_CHANNEL_SHIFT = 4;
const START_VERSION_SHIFT = 2;
const START_PORT_MASK = 3;
// stop
const STOP_CHANNEL_SHIFT = 3;
const STOP_NUMBER_MASK = 7;
// ACK
const ACK_ENTRY = 0x80;
const ACK_RANGE = 0x40;
const ACK_FIRST_SHIFT = 3;
const ACK_SIZE_MASK = 7;

const CHANNEL_SIZE_MASK = 3;
const PROTOCOL_BYTES = 1;
const PORT_BYTES = 2;

/** Client to server: open a socket to `address`, `port`. */
export interface StartRequest {
  readonly channel: number;
  readonly compression: boolean;
  readonly fragmentation: boolean;
  /** IP protocol number: 6 TCP, 17 UDP, 1 ICMP. */
  readonly protocol: number;
  /** 4 or 16 bytes. */
  readonly address: Uint8Array;
  readonly port: number;
}

/** End of a channel's data stream. */
export interface Stop {
  readonly channel: number;
  readonly lastPacketNumber: number;
}

/** Packet numbers that arrived, inclusive; `first === last` is a single packet. */
export interface AckRange {
  readonly first: number;
  readonly last: number;
}

export interface Ack {
  readonly channel: number;
  readonly ranges: readonly AckRange[];
}

/** Needs up to 25 bytes. */
export function writeStart(bytes: Uint8Array, at: number, start: StartRequest): number {
  const channelBytes = uintBytes(start.channel);
  const portBytes = start.port < 256 ? 1 : PORT_BYTES;
  bytes[at] = Command.START;
  bytes[at + COMMAND_BYTES] =
    (start.compression ? START_COMPRESSION : 0) |
    (start.fragmentation ? START_FRAGMENTATION : 0) |
    ((channelBytes - 1) << START_CHANNEL_SHIFT) |
    ((start.address.length === 16 ? 1 : 0) << START_VERSION_SHIFT) |
    (portBytes - 1);
  let end = at + CHANNEL;
  writeUint(bytes, end, start.channel, channelBytes);
  end += channelBytes;
  bytes[end++] = start.protocol;
  bytes.set(start.address, end);
  end += start.address.length;
  writeUint(bytes, end, start.port, portBytes);
  return end + portBytes - at;
}

/** Null when malformed (IP version above 1, port of more than 2 bytes, wrong length). */
export function readStart(bytes: Uint8Array, offset: number, length: number): StartRequest | null {
  if (length < CHANNEL) return null;
  const sizes = bytes[offset + COMMAND_BYTES];
  const channelBytes = ((sizes >>> START_CHANNEL_SHIFT) & CHANNEL_SIZE_MASK) + 1;
  const version = (sizes >>> START_VERSION_SHIFT) & 3;
  const portBytes = (sizes & START_PORT_MASK) + 1;
  const addressBytes = version === 0 ? 4 : 16;
  if (version > 1 || portBytes > PORT_BYTES) return null;
  if (length !== CHANNEL + channelBytes + PROTOCOL_BYTES + addressBytes + portBytes) return null;
  const protocolAt = offset + CHANNEL + channelBytes;
  const addressAt = protocolAt + PROTOCOL_BYTES;
  return {
    channel: readUint(bytes, offset + CHANNEL, channelBytes),
    compression: (sizes & START_COMPRESSION) !== 0,
    fragmentation: (sizes & START_FRAGMENTATION) !== 0,
    protocol: bytes[protocolAt],
    address: bytes.slice(addressAt, addressAt + addressBytes),
    port: readUint(bytes, addressAt + addressBytes, portBytes),
  };
}

/** Server to client: the socket of `channel` is open. */
export function writeStarted(bytes: Uint8Array, at: number, channel: number): number {
  return writeChannelCommand(bytes, at, Command.START, channel);
}

/** The channel, or -1 when malformed. */
export function readStarted(bytes: Uint8Array, offset: number, length: number): number {
  return readChannelCommand(bytes, offset, length);
}

/** Both sides: drop `channel` at once. */
export function writeTerminate(bytes: Uint8Array, at: number, channel: number): number {
  return writeChannelCommand(bytes, at, Command.TERMINATE, channel);
}

/** The channel, or -1 when malformed. */
export function readTerminate(bytes: Uint8Array, offset: number, length: number): number {
  return readChannelCommand(bytes, offset, length);
}

export function writeStop(bytes: Uint8Array, at: number, stop: Stop): number {
  const channelBytes = uintBytes(stop.channel);
  const numberBytes = uintBytes(stop.lastPacketNumber);
  bytes[at] = Command.STOP;
  bytes[at + COMMAND_BYTES] = ((channelBytes - 1) << STOP_CHANNEL_SHIFT) | (numberBytes - 1);
  writeUint(bytes, at + CHANNEL, stop.channel, channelBytes);
  writeUint(bytes, at + CHANNEL + channelBytes, stop.lastPacketNumber, numberBytes);
  return CHANNEL + channelBytes + numberBytes;
}

export function readStop(bytes: Uint8Array, offset: number, length: number): Stop | null {
  if (length < CHANNEL) return null;
  const sizes = bytes[offset + COMMAND_BYTES];
  const channelBytes = ((sizes >>> STOP_CHANNEL_SHIFT) & CHANNEL_SIZE_MASK) + 1;
  const numberBytes = (sizes & STOP_NUMBER_MASK) + 1;
  if (length !== CHANNEL + channelBytes + numberBytes) return null;
  const lastPacketNumber = readUint(bytes, offset + CHANNEL + channelBytes, numberBytes);
  if (lastPacketNumber > Number.MAX_SAFE_INTEGER) return null;
  return { channel: readUint(bytes, offset + CHANNEL, channelBytes), lastPacketNumber };
}

/** Channels in order, ranges in order; each channel has at least one range. */
export function writeAck(bytes: Uint8Array, at: number, acks: readonly Ack[]): number {
  bytes[at] = Command.ACK;
  let end = at + COMMAND_BYTES;
  for (const ack of acks) {
    const channelBytes = uintBytes(ack.channel);
    bytes[end++] = channelBytes - 1;
    writeUint(bytes, end, ack.channel, channelBytes);
    end += channelBytes;
    for (const range of ack.ranges) end += writeAckRange(bytes, end, range);
  }
  return end - at;
}

/** Null when malformed: cut short, a channel without ranges, or a range that ends before it starts. */
export function readAck(bytes: Uint8Array, offset: number, length: number): Ack[] | null {
  const end = offset + length;
  const acks: { channel: number; ranges: AckRange[] }[] = [];
  let at = offset + COMMAND_BYTES;
  while (at < end) {
    if (bytes[at] & ACK_ENTRY) {
      const range = readAckRange(bytes, at, end);
      const ack = acks.at(-1);
      if (range === null || ack === undefined) return null;
      ack.ranges.push(range);
      at += ackRangeBytes(bytes[at]);
    } else {
      const channelBytes = (bytes[at] & CHANNEL_SIZE_MASK) + 1;
      if (at + SIZES_BYTES + channelBytes > end) return null;
      acks.push({ channel: readUint(bytes, at + SIZES_BYTES, channelBytes), ranges: [] });
      at += SIZES_BYTES + channelBytes;
    }
  }
  return acks.length > 0 && acks.every((ack) => ack.ranges.length > 0) ? acks : null;
}

function writeAckRange(bytes: Uint8Array, at: number, { first, last }: AckRange): number {
  const firstBytes = uintBytes(first);
  const lastBytes = last === first ? 0 : uintBytes(last);
  const range = lastBytes > 0 ? ACK_RANGE | (lastBytes - 1) : 0;
  bytes[at] = ACK_ENTRY | range | ((firstBytes - 1) << ACK_FIRST_SHIFT);
  writeUint(bytes, at + SIZES_BYTES, first, firstBytes);
  writeUint(bytes, at + SIZES_BYTES + firstBytes, last, lastBytes);
  return SIZES_BYTES + firstBytes + lastBytes;
}

function ackRangeBytes(sizes: number): number {
  return SIZES_BYTES + firstBytesOf(sizes) + lastBytesOf(sizes);
}

function firstBytesOf(sizes: number): number {
  return ((sizes >>> ACK_FIRST_SHIFT) & ACK_SIZE_MASK) + 1;
}

function lastBytesOf(sizes: number): number {
  return sizes & ACK_RANGE ? (sizes & ACK_SIZE_MASK) + 1 : 0;
}

function readAckRange(bytes: Uint8Array, at: number, end: number): AckRange | null {
  const sizes = bytes[at];
  if (at + ackRangeBytes(sizes) > end) return null;
  const first = readUint(bytes, at + SIZES_BYTES, firstBytesOf(sizes));
  const lastBytes = lastBytesOf(sizes);
  const last = lastBytes === 0 ? first : readUint(bytes, at + SIZES_BYTES + firstBytesOf(sizes), lastBytes);
  return last < first || last > Number.MAX_SAFE_INTEGER ? null : { first, last };
}

function writeChannelCommand(bytes: Uint8Array, at: number, command: Command, channel: number): number {
  const channelBytes = uintBytes(channel);
  bytes[at] = command;
  bytes[at + COMMAND_BYTES] = channelBytes - 1;
  writeUint(bytes, at + CHANNEL, channel, channelBytes);
  return CHANNEL + channelBytes;
}

function readChannelCommand(bytes: Uint8Array, offset: number, length: number): number {
  if (length < CHANNEL) return -1;
  const channelBytes = (bytes[offset + COMMAND_BYTES] & CHANNEL_SIZE_MASK) + 1;
  return length === CHANNEL + channelBytes ? readUint(bytes, offset + CHANNEL, channelBytes) : -1;
}
