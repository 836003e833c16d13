/**
 * start, stop and terminate as in ResIP: integers are packed, a leading byte tells their sizes minus one. Emitters and
 * readers follow the conventions of `commands.ts`; ACK has a file of its own, `stream-ack.ts`. What differs from ResIP:
 * PROTOCOL.md §9.
 */
import { Command } from './commands.ts';
import { readUint, uintBytes, writeUint } from './integers.ts';

const COMMAND_BYTES = 1;
const SIZES_BYTES = 1;
const CHANNEL = COMMAND_BYTES + SIZES_BYTES;

// start
const START_COMPRESSION = 0x80;
/** ResIP's requests always have it, its confirmations never: here it tells them apart. */
const START_REQUEST = 0x40;
const START_CHANNEL_SHIFT = 4;
const START_KIND_SHIFT = 2;
const KIND_MASK = 3;
const START_LISTEN = 2;
const START_PORT_MASK = 1;
// stop
const STOP_CHANNEL_SHIFT = 3;
const STOP_NUMBER_MASK = 7;

const CHANNEL_SIZE_MASK = 3;
const PROTOCOL_BYTES = 1;
const PORT_BYTES = 2;
const KIND_BYTES = 1;
const NAME_LENGTH_BYTES = 1;
/** RFC 1035 §2.3.4, as text without the final dot. */
const NAME_MAX_BYTES = 253;

/** Of the listening channel that a caller came in by. */
const LISTENER_BYTES = 4;
const CALLER_BYTES = LISTENER_BYTES + 1;

/**
 * The kind of host in `start`: ResIP's IP version, a name to be resolved by whoever opens the socket, and somebody who
 * called where the receiver had asked to listen.
 */
const HostKind = { IPV4: 0, IPV6: 1, NAME: 2, CALLER: 3 } as const;

/** IP protocol numbers in `start`. */
export const Protocol = { TCP: 6, UDP: 17 } as const;

export const TERMINATE_MAX_BYTES = CHANNEL + 4 + KIND_BYTES;

/** Opens a socket to `host`, `port`; or listens there; or tells of a caller from there. */
export interface StartRequest {
  readonly channel: number;
  /** IP protocol number. */
  readonly protocol: number;
  /** 4 or 16 bytes, or a name of printable ASCII (not of a caller). */
  readonly host: Uint8Array | string;
  readonly port: number;
  /** The receiver shall listen at `host`, `port`. Never together with `listener`. */
  readonly listens?: true;
  /** The receiver's listening channel that `host`, `port` has called, uint32. */
  readonly listener?: number;
}

/** Something that `start` can carry as a name. */
export function isNameOfHost(name: string): boolean {
  return name.length >= 1 && name.length <= NAME_MAX_BYTES && /^[\x21-\x7e]*$/.test(name);
}

/** End of a channel's data in one direction. */
export interface Stop {
  readonly channel: number;
  /** The number of the stop itself: one behind the last byte's. */
  readonly lastNumber: number;
}

/** Why a channel ended at once. */
export const TerminateKind = {
  /** There is no such channel (any more); never answered. */
  GONE: 0,
  RESET: 1,
  REFUSED: 2,
  UNREACHABLE: 3,
  UNKNOWN_NAME: 4,
  TIMED_OUT: 5,
  DENIED: 6,
  LIMIT: 7,
  ADDRESS_IN_USE: 8,
  /** The target's network, as opposed to the host. */
  NETWORK_UNREACHABLE: 9,
} as const;
export type TerminateKind = (typeof TerminateKind)[keyof typeof TerminateKind];

export interface Terminate {
  readonly channel: number;
  /** `TerminateKind`, or one of a later version. */
  readonly kind: number;
}

/** Needs up to 263 bytes of room, for the longest name. */
export function writeStart(bytes: Uint8Array, at: number, start: StartRequest): number {
  const channelBytes = uintBytes(start.channel);
  const portBytes = start.port < 256 ? 1 : PORT_BYTES;
  bytes[at] = Command.START;
  bytes[at + COMMAND_BYTES] =
    START_REQUEST |
    ((channelBytes - 1) << START_CHANNEL_SHIFT) |
    (kindOf(start) << START_KIND_SHIFT) |
    (start.listens ? START_LISTEN : 0) |
    (portBytes - 1);
  let end = at + CHANNEL;
  writeUint(bytes, end, start.channel, channelBytes);
  end += channelBytes;
  bytes[end++] = start.protocol;
  if (start.listener !== undefined) {
    writeUint(bytes, end, start.listener, LISTENER_BYTES);
    bytes[end + LISTENER_BYTES] = start.host.length;
    end += CALLER_BYTES;
  }
  end += writeHost(bytes, end, start.host);
  writeUint(bytes, end, start.port, portBytes);
  return end + portBytes - at;
}

function kindOf({ host, listener }: StartRequest): number {
  if (listener !== undefined) return HostKind.CALLER;
  if (typeof host === 'string') return HostKind.NAME;
  return host.length === 16 ? HostKind.IPV6 : HostKind.IPV4;
}

function writeHost(bytes: Uint8Array, at: number, host: Uint8Array | string): number {
  if (typeof host !== 'string') {
    bytes.set(host, at);
    return host.length;
  }
  bytes[at] = host.length;
  for (let i = 0; i < host.length; i++) bytes[at + NAME_LENGTH_BYTES + i] = host.charCodeAt(i);
  return NAME_LENGTH_BYTES + host.length;
}

/** True for a request, false for a confirmation. */
export function isStartRequest(bytes: Uint8Array, offset: number, length: number): boolean {
  return length > COMMAND_BYTES && (bytes[offset + COMMAND_BYTES] & START_REQUEST) !== 0;
}

/** Null when malformed (a name that is none, a caller's address that is none, a caller that listens, wrong length). */
export function readStart(bytes: Uint8Array, offset: number, length: number): StartRequest | null {
  if (length < CHANNEL) return null;
  const sizes = bytes[offset + COMMAND_BYTES];
  const channelBytes = ((sizes >>> START_CHANNEL_SHIFT) & CHANNEL_SIZE_MASK) + 1;
  const portBytes = (sizes & START_PORT_MASK) + 1;
  const hostAt = offset + CHANNEL + channelBytes + PROTOCOL_BYTES;
  const hostBytes = offset + length - portBytes - hostAt;
  // Compression is not spoken in version 1.
  if ((sizes & START_COMPRESSION) !== 0 || hostBytes < 1) return null;
  const kind = (sizes >>> START_KIND_SHIFT) & KIND_MASK;
  const listens = (sizes & START_LISTEN) !== 0;
  const isCaller = kind === HostKind.CALLER;
  if (isCaller && listens) return null;
  const host = readHost(bytes, hostAt, kind, hostBytes);
  if (host === null) return null;
  return {
    channel: readUint(bytes, offset + CHANNEL, channelBytes),
    protocol: bytes[hostAt - PROTOCOL_BYTES],
    host,
    port: readUint(bytes, hostAt + hostBytes, portBytes),
    ...(listens && { listens }),
    ...(isCaller && { listener: readUint(bytes, hostAt, LISTENER_BYTES) }),
  };
}

/** Null when it does not take exactly `length` bytes (at least 1). */
function readHost(bytes: Uint8Array, at: number, kind: number, length: number): Uint8Array | string | null {
  switch (kind) {
    case HostKind.IPV4:
      return length === 4 ? bytes.slice(at, at + 4) : null;
    case HostKind.IPV6:
      return length === 16 ? bytes.slice(at, at + 16) : null;
    case HostKind.NAME:
      return bytes[at] === length - NAME_LENGTH_BYTES
        ? readName(bytes, at + NAME_LENGTH_BYTES, at + length)
        : null;
    default:
      return readCaller(bytes, at, length);
  }
}

function readName(bytes: Uint8Array, from: number, to: number): string | null {
  const name = String.fromCharCode(...bytes.subarray(from, to));
  return isNameOfHost(name) ? name : null;
}

/** The caller's address. */
function readCaller(bytes: Uint8Array, at: number, length: number): Uint8Array | null {
  const addressBytes = length - CALLER_BYTES;
  if (addressBytes !== 4 && addressBytes !== 16) return null;
  return bytes[at + LISTENER_BYTES] === addressBytes ? bytes.slice(at + CALLER_BYTES, at + length) : null;
}

/** The socket of `channel` is open. */
export function writeStarted(bytes: Uint8Array, at: number, channel: number): number {
  return writeChannelCommand(bytes, at, Command.START, channel);
}

/** The channel, or -1 when malformed. */
export function readStarted(bytes: Uint8Array, offset: number, length: number): number {
  if (length < CHANNEL) return -1;
  const channelBytes = (bytes[offset + COMMAND_BYTES] & CHANNEL_SIZE_MASK) + 1;
  return length === CHANNEL + channelBytes ? readUint(bytes, offset + CHANNEL, channelBytes) : -1;
}

export function writeTerminate(bytes: Uint8Array, at: number, { channel, kind }: Terminate): number {
  const length = writeChannelCommand(bytes, at, Command.TERMINATE, channel);
  bytes[at + length] = kind;
  return length + KIND_BYTES;
}

/** Null when malformed. */
export function readTerminate(bytes: Uint8Array, offset: number, length: number): Terminate | null {
  if (length < CHANNEL) return null;
  const channelBytes = (bytes[offset + COMMAND_BYTES] & CHANNEL_SIZE_MASK) + 1;
  const kindAt = CHANNEL + channelBytes;
  if (length !== kindAt + KIND_BYTES) return null;
  return { channel: readUint(bytes, offset + CHANNEL, channelBytes), kind: bytes[offset + kindAt] };
}

export function writeStop(bytes: Uint8Array, at: number, { channel, lastNumber }: Stop): number {
  const channelBytes = uintBytes(channel);
  const numberBytes = uintBytes(lastNumber);
  bytes[at] = Command.STOP;
  bytes[at + COMMAND_BYTES] = ((channelBytes - 1) << STOP_CHANNEL_SHIFT) | (numberBytes - 1);
  writeUint(bytes, at + CHANNEL, channel, channelBytes);
  writeUint(bytes, at + CHANNEL + channelBytes, lastNumber, numberBytes);
  return CHANNEL + channelBytes + numberBytes;
}

export function readStop(bytes: Uint8Array, offset: number, length: number): Stop | null {
  if (length < CHANNEL) return null;
  const sizes = bytes[offset + COMMAND_BYTES];
  const channelBytes = ((sizes >>> STOP_CHANNEL_SHIFT) & CHANNEL_SIZE_MASK) + 1;
  const numberBytes = (sizes & STOP_NUMBER_MASK) + 1;
  if (length !== CHANNEL + channelBytes + numberBytes) return null;
  const lastNumber = readUint(bytes, offset + CHANNEL + channelBytes, numberBytes);
  if (lastNumber > Number.MAX_SAFE_INTEGER) return null;
  return { channel: readUint(bytes, offset + CHANNEL, channelBytes), lastNumber };
}

function writeChannelCommand(bytes: Uint8Array, at: number, command: Command, channel: number): number {
  const channelBytes = uintBytes(channel);
  bytes[at] = command;
  bytes[at + COMMAND_BYTES] = channelBytes - 1;
  writeUint(bytes, at + CHANNEL, channel, channelBytes);
  return CHANNEL + channelBytes;
}
