/**
 * The ACK command as in ResIP, with a limit added: entries for a channel follow its header, headers have a zero first bit.
 *
 *   header   0 ‖ limit follows (1) ‖ limit bytes - 1 (3) ‖ reserved (1) ‖ channel bytes - 1 (2), channel, limit
 *   entry    1 ‖ range (1) ‖ first bytes - 1 (3) ‖ last bytes - 1 (3), first, last (range only; inclusive)
 *
 * Numbers are those of bytes (PROTOCOL.md §9). Reader and writer work in place and allocate nothing.
 */
import { Command } from './commands.ts';
import { readUint, uintBytes, writeUint } from './integers.ts';

const COMMAND_BYTES = 1;
const ENTRY = 0x80;
const RANGE = 0x40;
const FIRST_SHIFT = 3;
const SIZE_MASK = 7;
const HAS_LIMIT = 0x40;
const LIMIT_SHIFT = 3;
const CHANNEL_SIZE_MASK = 3;

/** A header and one range at their longest. */
const HEADER_MAX_BYTES = 1 + 4 + 8;
const ENTRY_MAX_BYTES = 1 + 8 + 8;

export class AckWriter {
  private bytes: Uint8Array = new Uint8Array(0);
  private start = 0;
  private at = 0;
  private end = 0;

  /** Writes from `at`, never beyond `end`. */
  begin(bytes: Uint8Array, at: number, end: number): void {
    this.bytes = bytes;
    this.start = at;
    this.at = at + COMMAND_BYTES;
    this.end = end;
    bytes[at] = Command.ACK;
  }

  /** Bytes written so far, the command byte included. */
  get length(): number {
    return this.at - this.start;
  }

  /** False when there may be no room for it and one range. */
  channel(channel: number, limit: number): boolean {
    if (this.at + HEADER_MAX_BYTES + ENTRY_MAX_BYTES > this.end) return false;
    const { bytes } = this;
    const channelBytes = uintBytes(channel);
    const limitBytes = uintBytes(limit);
    bytes[this.at] = HAS_LIMIT | ((limitBytes - 1) << LIMIT_SHIFT) | (channelBytes - 1);
    writeUint(bytes, this.at + 1, channel, channelBytes);
    writeUint(bytes, this.at + 1 + channelBytes, limit, limitBytes);
    this.at += 1 + channelBytes + limitBytes;
    return true;
  }

  /** Numbers `first` to `last`, inclusive. False when there may be no room. */
  range(first: number, last: number): boolean {
    if (this.at + ENTRY_MAX_BYTES > this.end) return false;
    const { bytes } = this;
    const firstBytes = uintBytes(first);
    const lastBytes = last === first ? 0 : uintBytes(last);
    const range = lastBytes > 0 ? RANGE | (lastBytes - 1) : 0;
    bytes[this.at] = ENTRY | range | ((firstBytes - 1) << FIRST_SHIFT);
    writeUint(bytes, this.at + 1, first, firstBytes);
    writeUint(bytes, this.at + 1 + firstBytes, last, lastBytes);
    this.at += 1 + firstBytes + lastBytes;
    return true;
  }
}

/** `reset`, then `next` until 'end' or 'malformed'. Everything before a malformed entry stands. */
export class AckReader {
  /** Of the last 'channel', uint32. */
  channel = 0;
  /** 0..2^53 - 1, or -1: none was given. */
  limit = -1;
  /** Of the last 'range', inclusive. */
  first = 0;
  last = 0;
  private bytes: Uint8Array = new Uint8Array(0);
  private at = 0;
  private end = 0;
  private hasChannel = false;

  reset(bytes: Uint8Array, offset: number, length: number): void {
    this.bytes = bytes;
    this.at = offset + COMMAND_BYTES;
    this.end = offset + length;
    this.hasChannel = false;
  }

  next(): 'channel' | 'range' | 'end' | 'malformed' {
    if (this.at >= this.end) return this.hasChannel ? 'end' : 'malformed';
    return this.bytes[this.at] & ENTRY ? this.readRange() : this.readChannel();
  }

  private readChannel(): 'channel' | 'malformed' {
    const { bytes, at } = this;
    const channelBytes = (bytes[at] & CHANNEL_SIZE_MASK) + 1;
    const limitBytes = bytes[at] & HAS_LIMIT ? ((bytes[at] >>> LIMIT_SHIFT) & SIZE_MASK) + 1 : 0;
    const end = at + 1 + channelBytes + limitBytes;
    if (end > this.end) return 'malformed';
    this.channel = readUint(bytes, at + 1, channelBytes);
    this.limit = limitBytes === 0 ? -1 : readUint(bytes, at + 1 + channelBytes, limitBytes);
    if (this.limit > Number.MAX_SAFE_INTEGER) return 'malformed';
    this.at = end;
    this.hasChannel = true;
    return 'channel';
  }

  private readRange(): 'range' | 'malformed' {
    const { bytes, at } = this;
    const firstBytes = ((bytes[at] >>> FIRST_SHIFT) & SIZE_MASK) + 1;
    const lastBytes = bytes[at] & RANGE ? (bytes[at] & SIZE_MASK) + 1 : 0;
    const end = at + 1 + firstBytes + lastBytes;
    if (end > this.end || !this.hasChannel) return 'malformed';
    this.first = readUint(bytes, at + 1, firstBytes);
    this.last = lastBytes === 0 ? this.first : readUint(bytes, at + 1 + firstBytes, lastBytes);
    if (this.last < this.first || this.last > Number.MAX_SAFE_INTEGER) return 'malformed';
    this.at = end;
    return 'range';
  }
}
