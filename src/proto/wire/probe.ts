/** Path probe and its reply; `read` and `write` are mirror images on one reusable object. PROTOCOL.md §5. */
import { ADDRESS_WORDS } from '../packet-batch.ts';
import { OBSERVED_MAX_BYTES, readObserved, writeObserved } from './address-words.ts';
import { Command } from './commands.ts';
import { readU32, writeU32 } from './integers.ts';

const PATH_ID = 1;
const TOKEN = 2;
const STAMP = 10;
const SENT = 14;
const RECEIVED = 18;
const OBSERVED = 22;

/** In place of a path id, from the server: "which path is this?" */
export const ANY_PATH = 255;
export const PROBE_BYTES = 22;
export const PROBE_REPLY_MAX_BYTES = OBSERVED + OBSERVED_MAX_BYTES;

/** The fields that both share; all numbers are uint32 but `pathId` (one byte). */
class ProbeFields {
  pathId = 0;
  /** The token's 8 random bytes as two words. */
  tokenHigh = 0;
  tokenLow = 0;
  /** Microseconds of the prober's clock, wraps. */
  stampMicros = 0;
  /** Datagrams that the prober had sent on this path when it probed, wraps. */
  sent = 0;
  /** Datagrams that the writer of this message has received on this path, wraps. */
  received = 0;

  protected readFields(bytes: Uint8Array, offset: number): void {
    this.pathId = bytes[offset + PATH_ID];
    this.tokenHigh = readU32(bytes, offset + TOKEN);
    this.tokenLow = readU32(bytes, offset + TOKEN + 4);
    this.stampMicros = readU32(bytes, offset + STAMP);
    this.sent = readU32(bytes, offset + SENT);
    this.received = readU32(bytes, offset + RECEIVED);
  }

  protected writeFields(bytes: Uint8Array, at: number, command: Command): void {
    bytes[at] = command;
    bytes[at + PATH_ID] = this.pathId;
    writeU32(bytes, at + TOKEN, this.tokenHigh);
    writeU32(bytes, at + TOKEN + 4, this.tokenLow);
    writeU32(bytes, at + STAMP, this.stampMicros);
    writeU32(bytes, at + SENT, this.sent);
    writeU32(bytes, at + RECEIVED, this.received);
  }
}

export class Probe extends ProbeFields {
  /** False when malformed; the fields are undefined then. */
  read(bytes: Uint8Array, offset: number, length: number): boolean {
    if (length < PROBE_BYTES) return false;
    this.readFields(bytes, offset);
    return true;
  }

  /** Returns `PROBE_BYTES`. */
  write(bytes: Uint8Array, at: number): number {
    this.writeFields(bytes, at, Command.PROBE);
    return PROBE_BYTES;
  }
}

/** Repeats `pathId`, token, `stampMicros` and `sent` of the probe; `received` and `observed` are the replier's. */
export class ProbeReply extends ProbeFields {
  /** Where the probe came from, in the remote words. */
  readonly observed = new Int32Array(ADDRESS_WORDS);

  /** False when malformed; the fields are undefined then. */
  read(bytes: Uint8Array, offset: number, length: number): boolean {
    if (length < OBSERVED) return false;
    this.readFields(bytes, offset);
    return readObserved(bytes, offset + OBSERVED, length - OBSERVED, this.observed, 0) > 0;
  }

  /** Returns the length, at most `PROBE_REPLY_MAX_BYTES`. */
  write(bytes: Uint8Array, at: number): number {
    this.writeFields(bytes, at, Command.PROBE_REPLY);
    return OBSERVED + writeObserved(bytes, at + OBSERVED, this.observed, 0);
  }
}
