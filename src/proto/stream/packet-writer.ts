/** Writes the packets of streams into the carrier: start, data and stop over the way that was chosen, commands over the fastest. */
import { COMMAND_CHANNEL, COMMAND_INTERIOR_BYTES, writeInteriorHeader } from '../wire/interior.ts';
import { writeStart, writeStarted, writeStop } from '../wire/stream-commands.ts';
import type { Carrier } from './carrier.ts';
import type { Stream } from './stream.ts';
import type { Ways } from './ways.ts';

/** Interior header of data at its longest: flags, channel, number, size. */
const DATA_HEADER_BYTES = 1 + 4 + 8 + 2;

/** Writes a command's body at `at`; returns its length. */
export type WriteBody = (bytes: Uint8Array, at: number) => number;

export class PacketWriter {
  /** The carrier had no room: there is something to send as soon as it has. */
  wasFull = false;

  constructor(
    private readonly carrier: Carrier,
    private readonly ways: Ways,
    private readonly isServer: boolean,
  ) {}

  /**
   * What the stream has next, over path `id` beside those that carry copies. Returns the interior's length; 0 = there is nothing
   * that fits, -1 = the carrier is full.
   */
  next(stream: Stream, id: number, now: number): number {
    const { carrier } = this;
    const paths = carrier.copies | (1 << id);
    const interiorBytes = carrier.interiorBytes(paths);
    if (!stream.sending.next(interiorBytes - DATA_HEADER_BYTES)) return 0;
    const at = this.begin(interiorBytes);
    if (at < 0) return -1;
    const length = this.writeNext(stream, carrier.bytes, at);
    carrier.finish(length, paths, id, now);
    return length;
  }

  /** A packet without data. False when the carrier is full. */
  empty(stream: Stream, now: number): boolean {
    const at = this.begin(DATA_HEADER_BYTES);
    if (at < 0) return false;
    this.finishCommand(this.writeData(this.carrier.bytes, at, stream, stream.sending.nextNumber, 0), now);
    return true;
  }

  /** A command of at most `maxBytes`. False when the carrier is full. */
  command(maxBytes: number, now: number, write: WriteBody): boolean {
    const at = this.begin(COMMAND_INTERIOR_BYTES + maxBytes);
    if (at < 0) return false;
    const { bytes } = this.carrier;
    this.finishCommand(this.wrapCommand(bytes, at, write(bytes, at + COMMAND_INTERIOR_BYTES)), now);
    return true;
  }

  private begin(length: number): number {
    const at = this.carrier.begin(length);
    if (at < 0) this.wasFull = true;
    return at;
  }

  /** Commands leave over all that carries copies, or over the fastest path. */
  private finishCommand(length: number, now: number): void {
    const { carrier } = this;
    const leader = this.ways.fastest;
    carrier.finish(length, carrier.copies | (1 << leader), leader, now);
  }

  /** The interior that `sending` chose: start, data or stop. Returns its length. */
  private writeNext(stream: Stream, bytes: Uint8Array, at: number): number {
    const { channel, sending, target } = stream;
    const { first, end } = sending;
    const bodyAt = at + COMMAND_INTERIOR_BYTES;
    if (sending.isStart(first)) {
      const body = stream.isOurs
        ? writeStart(bytes, bodyAt, { channel, ...target })
        : writeStarted(bytes, bodyAt, channel);
      return this.wrapCommand(bytes, at, body);
    }
    if (sending.isStop(first))
      return this.wrapCommand(bytes, at, writeStop(bytes, bodyAt, { channel, lastNumber: first }));
    return this.writeData(bytes, at, stream, first, end - first);
  }

  private writeData(bytes: Uint8Array, at: number, stream: Stream, first: number, length: number): number {
    const header = writeInteriorHeader(bytes, at, this.isServer, stream.channel, first, length, false);
    if (length > 0) stream.sending.read(first, length, bytes, at + header);
    return header + length;
  }

  private wrapCommand(bytes: Uint8Array, at: number, bodyBytes: number): number {
    writeInteriorHeader(bytes, at, this.isServer, COMMAND_CHANNEL, 0, bodyBytes, false);
    return COMMAND_INTERIOR_BYTES + bodyBytes;
  }
}
