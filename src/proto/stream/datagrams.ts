/**
 * Datagrams of one flow over a stream (PROTOCOL.md §9): each with its length in front, in the order they were given.
 */
import { TerminateKind } from '../wire/stream-commands.ts';
import type { Stream } from './stream.ts';

/** The most that UDP over IPv4 carries. With its length it fits the smallest window and the smallest backlog of a stream at rest. */
export const MAX_DATAGRAM_BYTES = 65_507;
const LENGTH_BYTES = 2;

const header = new Uint8Array(LENGTH_BYTES);

/** False = there is no room for the whole of it: it is dropped, as a full socket would. */
export function writeDatagram(stream: Stream, bytes: Uint8Array): boolean {
  const { length } = bytes;
  if (length > MAX_DATAGRAM_BYTES || stream.room < LENGTH_BYTES + length) return false;
  header[0] = length >>> 8;
  header[1] = length;
  stream.write(header, 0, LENGTH_BYTES);
  stream.write(bytes, 0, length);
  return true;
}

/** Takes datagrams out of one stream. Holds at most one that has not come whole. */
export class DatagramReader {
  private headerBytes = 0;
  private length = 0;
  private body: Uint8Array | null = null;
  private bodyBytes = 0;

  /** The next datagram, the caller's to keep; null = none has come whole. Resets a stream whose peer breaks the rules. */
  next(stream: Stream, now: number): Uint8Array | null {
    while (this.body === null) {
      const bytes = stream.peek();
      if (bytes === null) return null;
      this.length = (this.length << 8) | bytes[0];
      stream.take(1, now);
      if (++this.headerBytes === LENGTH_BYTES && !this.beginBody(stream)) return null;
    }
    return this.fillBody(this.body, stream, now);
  }

  private beginBody(stream: Stream): boolean {
    if (this.length > MAX_DATAGRAM_BYTES) {
      stream.terminate(TerminateKind.RESET);
      return false;
    }
    this.body = new Uint8Array(this.length);
    this.bodyBytes = 0;
    return true;
  }

  private fillBody(body: Uint8Array, stream: Stream, now: number): Uint8Array | null {
    while (this.bodyBytes < body.length) {
      const bytes = stream.peek();
      if (bytes === null) return null;
      const more = bytes.subarray(0, body.length - this.bodyBytes);
      body.set(more, this.bodyBytes);
      this.bodyBytes += more.length;
      stream.take(more.length, now);
    }
    this.body = null;
    this.headerBytes = 0;
    this.length = 0;
    return body;
  }
}
