/** The program at one end of a simulated stream: writes numbered bytes at its pace, reads at its pace, checks every byte. */
import type { Stream } from '../../../src/proto/stream/stream.ts';
import { TerminateKind } from '../../../src/proto/wire/stream-commands.ts';
import type { Host } from '../host/host.ts';
import { Violation } from '../watch/violation.ts';

export type Side = 'opener' | 'target';

/** Byte `n` of one direction of stream `id`. */
export function patternByte(id: number, side: Side, n: number): number {
  return (n * 31 + (n >>> 8) * 17 + id * 7 + (side === 'opener' ? 0 : 101)) & 0xff;
}

const CHUNK_BYTES = 16_384;

export class StreamEnd {
  written = 0;
  received = 0;
  /** It said that nothing follows. */
  hasEnded = false;
  /** It read everything, and that nothing follows. */
  sawEnd = false;
  /** It ended both directions of its own accord. */
  gaveUp = false;
  /** It was told that both directions are over. */
  endedBy: number | null = null;
  isReading = true;
  private readonly core: object | null;

  constructor(
    readonly id: number,
    readonly side: Side,
    readonly host: Host,
    readonly stream: Stream,
    readonly toWrite: number,
  ) {
    this.core = host.core;
  }

  /** The process that had the stream does not run any more: whoever used the socket was cut off. */
  get isLost(): boolean {
    return this.host.core !== this.core;
  }

  get isDone(): boolean {
    return this.sawEnd && this.hasEnded && this.stream.phase === 'over';
  }

  /** Whoever uses this end knows how it went. */
  get isSettled(): boolean {
    return this.isLost || this.gaveUp || this.endedBy !== null || this.isDone;
  }

  /** At most `bytes` more. True when it was all that there was. */
  write(bytes: number): boolean {
    const untilBytes = Math.min(this.toWrite, this.written + bytes);
    while (this.written < untilBytes) {
      const chunk = new Uint8Array(Math.min(CHUNK_BYTES, untilBytes - this.written));
      for (let i = 0; i < chunk.length; i++) chunk[i] = patternByte(this.id, this.side, this.written + i);
      const taken = this.stream.write(chunk, 0, chunk.length);
      this.written += taken;
      if (taken < chunk.length) return false;
    }
    return this.written === this.toWrite;
  }

  end(): void {
    this.hasEnded = true;
    this.stream.end();
  }

  giveUp(): void {
    this.gaveUp = true;
    this.stream.terminate(TerminateKind.RESET);
  }

  /** True when something came. */
  read(peer: StreamEnd | null): boolean {
    const before = this.received;
    const { stream } = this;
    if (!this.isReading) return false;
    for (let bytes = stream.peek(); bytes !== null; bytes = stream.peek()) {
      this.check(bytes, peer);
      this.received += bytes.length;
      stream.take(bytes.length, this.host.clock.nowMs);
    }
    if (!stream.isEnded || this.sawEnd) return this.received > before;
    this.sawEnd = true;
    if (peer === null || !peer.hasEnded || this.received !== peer.toWrite)
      throw new Violation(
        'stream-whole',
        `${this.name} ended after ${this.received} bytes of ${peer?.toWrite}`,
      );
    return true;
  }

  private check(bytes: Uint8Array, peer: StreamEnd | null): void {
    const from: Side = this.side === 'opener' ? 'target' : 'opener';
    for (let i = 0; i < bytes.length; i++)
      if (bytes[i] !== patternByte(this.id, from, this.received + i))
        throw new Violation('stream-bytes', `${this.name}: byte ${this.received + i} is another`);
    if (this.received + bytes.length > (peer?.written ?? 0))
      throw new Violation('stream-bytes', `${this.name}: more came than was written`);
  }

  get name(): string {
    return `stream ${this.id}, ${this.side} at ${this.host.name}`;
  }
}
