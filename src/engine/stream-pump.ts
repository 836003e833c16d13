/**
 * Joins a stream of the core with a local TCP socket: bytes both ways, ends each way, back-pressure both ways. A socket that
 * is full leaves its bytes in the stream's window; a stream without room pauses the socket. So nothing is dropped and nothing
 * grows, however long the network is gone.
 */
import type { Socket } from 'node:net';
import { News, type Stream } from '../proto/stream/stream.ts';
import { TerminateKind } from '../proto/wire/stream-commands.ts';
import type { PumpHost, StreamOwner } from './stream-owner.ts';

/** A peer of the local socket that is gone without a word is found out; and middle boxes keep the connection. */
const KEEP_ALIVE_MS = 30_000;

export class StreamPump implements StreamOwner {
  /** Read from the socket, and not taken by the stream yet. */
  private rest: Buffer | null = null;
  private isReadEnded = false;
  private isWriting = false;
  private isWriteEnded = false;

  /** `socket` has `allowHalfOpen`. */
  constructor(
    private readonly stream: Stream,
    private readonly socket: Socket,
    private readonly host: PumpHost,
  ) {
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on('data', (chunk: Buffer) => this.handleData(chunk));
    socket.on('end', () => this.handleReadEnd());
    // What a failure means is said by `close`.
    socket.on('error', () => {});
    socket.on('close', () => this.handleClose());
  }

  /** To be called with what `Stream.news` said. */
  handleNews(news: number): void {
    if (news & News.TERMINATED) {
      this.abort();
      return;
    }
    if (news & News.WRITABLE) this.handleRoom();
    if (news & (News.READABLE | News.STARTED)) this.pull();
  }

  private abort(): void {
    // As the application would have seen it: a name that is unknown is no connection at all, all else cuts one off.
    if (this.stream.endedBy === TerminateKind.UNKNOWN_NAME) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  // From the socket to the stream

  private handleData(chunk: Buffer): void {
    const taken = this.stream.write(chunk, 0, chunk.length);
    if (taken < chunk.length) {
      this.rest = chunk.subarray(taken);
      this.socket.pause();
    }
    this.host.drain();
  }

  private handleRoom(): void {
    const { rest } = this;
    if (rest === null) return;
    const taken = this.stream.write(rest, 0, rest.length);
    this.rest = taken < rest.length ? rest.subarray(taken) : null;
    if (this.rest !== null) return;
    if (this.isReadEnded) this.stream.end();
    else this.socket.resume();
  }

  private handleReadEnd(): void {
    this.isReadEnded = true;
    if (this.rest !== null) return;
    this.stream.end();
    this.host.drain();
  }

  private handleClose(): void {
    const isOrderly = this.isReadEnded && this.isWriteEnded && this.rest === null;
    if (isOrderly || this.stream.phase === 'over') return;
    this.stream.terminate(TerminateKind.RESET);
    this.host.drain();
  }

  // From the stream to the socket

  /** One piece at a time: its bytes stay in the window until the kernel has them. */
  private pull(): void {
    if (this.isWriting || this.isWriteEnded || this.socket.destroyed) return;
    const bytes = this.stream.peek();
    if (bytes === null) {
      if (!this.stream.isEnded) return;
      this.isWriteEnded = true;
      this.socket.end();
      return;
    }
    this.isWriting = true;
    this.socket.write(bytes, (error) => {
      this.isWriting = false;
      // `close` follows.
      if (error) return;
      this.stream.take(bytes.length, this.host.nowMs);
      this.pull();
      this.host.drain();
    });
  }
}
