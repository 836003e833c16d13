/**
 * Channel-0 commands: the data of one interior packet on channel 0 is one command, 3 bits reserved ‖ 5 bits command,
 * then its body. PROTOCOL.md §5. Emitters write the whole command at `at` and return its length; readers take the
 * range of the whole command, command byte included. Bodies with a file of their own: `stream-commands.ts`,
 * `keep-alive.ts`, `probe.ts`, `address-message.ts`, `preferences.ts`.
 */

import { readU16, readU32, readUint, writeU16, writeU32, writeUint } from './integers.ts';

export const Command = {
  PADDING: 0,
  START: 1,
  STOP: 2,
  ACK: 3,
  KEEP_ALIVE: 4,
  TERMINATE: 5,
  PROBE: 6,
  PROBE_REPLY: 7,
  ADDRESS: 8,
  CLOSE: 9,
  PREFERENCES: 10,
  PREFERENCES_TAKEN: 11,
  CALL_BACK: 12,
  ALLOWANCE: 13,
} as const;
export type Command = (typeof Command)[keyof typeof Command];

/** Body of `close`. */
export const CloseReason = { GOING_AWAY: 0, RESTART: 1, REVOKED: 2 } as const;
export type CloseReason = (typeof CloseReason)[keyof typeof CloseReason];

const COMMAND_MASK = 0x1f;
const CLOSE_BYTES = 2;
/** Command, path id, number (4), bytes (8). */
export const ALLOWANCE_BYTES = 14;
/** Command, path id, seconds (2). */
export const CALL_BACK_BYTES = 4;

/** The command of a first byte, 0..31; the reserved bits are ignored. */
export function commandOf(firstByte: number): number {
  return firstByte & COMMAND_MASK;
}

/** Fills `length` bytes (at least 1): the command byte is 0, too. */
export function writePadding(bytes: Uint8Array, at: number, length: number): number {
  bytes.fill(Command.PADDING, at, at + length);
  return length;
}

export function writeClose(bytes: Uint8Array, at: number, reason: CloseReason): number {
  bytes[at] = Command.CLOSE;
  bytes[at + 1] = reason;
  return CLOSE_BYTES;
}

/** The reason byte (unknown ones are passed on), or -1 when malformed. */
export function readClose(bytes: Uint8Array, offset: number, length: number): number {
  return length < CLOSE_BYTES ? -1 : bytes[offset + 1];
}

/** `seconds`: 0..65,535. */
export function writeCallBack(bytes: Uint8Array, at: number, pathId: number, seconds: number): number {
  bytes[at] = Command.CALL_BACK;
  bytes[at + 1] = pathId;
  writeU16(bytes, at + 2, seconds);
  return CALL_BACK_BYTES;
}

/** Path id and seconds, or null when malformed. */
export function readCallBack(
  bytes: Uint8Array,
  offset: number,
  length: number,
): { readonly pathId: number; readonly seconds: number } | null {
  if (length < CALL_BACK_BYTES) return null;
  return { pathId: bytes[offset + 1], seconds: readU16(bytes, offset + 2) };
}

/** `number` grows with each allowance of a session; `allowedBytes`: 0..2^53 - 1. */
export interface AllowanceFields {
  readonly pathId: number;
  readonly number: number;
  readonly allowedBytes: number;
}

export function writeAllowance(bytes: Uint8Array, at: number, fields: AllowanceFields): number {
  bytes[at] = Command.ALLOWANCE;
  bytes[at + 1] = fields.pathId;
  writeU32(bytes, at + 2, fields.number);
  writeUint(bytes, at + 6, fields.allowedBytes, 8);
  return ALLOWANCE_BYTES;
}

/** Null when malformed. */
export function readAllowance(bytes: Uint8Array, offset: number, length: number): AllowanceFields | null {
  if (length < ALLOWANCE_BYTES) return null;
  return {
    pathId: bytes[offset + 1],
    number: readU32(bytes, offset + 2),
    allowedBytes: readUint(bytes, offset + 6, 8),
  };
}
