/** Tells the peer what has arrived and how much more may come: soon after every second packet, all channels together. */
import { AckWriter } from '../wire/stream-ack.ts';
import type { PacketWriter } from './packet-writer.ts';
import type { Stream } from './stream.ts';
import { MAX_ACK_DELAY_MS } from './way.ts';

/** RFC 9000 §13.2.2: every second packet at least. */
const PACKETS_PER_ACK = 2;
/** Of one channel in one ACK: the lowest, and the highest others. */
const RANGES_PER_ACK = 48;
/** Largest ACK datagram; with more to say there are several. */
const ACK_BYTES = 1_000;

export class AckSender {
  private readonly acks: Stream[] = [];
  private readonly body = new AckWriter();
  /** Of `acks`, so many are written. */
  private done = 0;
  /** When `flush` is due. */
  dueMs = Number.POSITIVE_INFINITY;

  constructor(private readonly writer: PacketWriter) {}

  /** A packet has come. */
  handlePacket(stream: Stream, isUrgent: boolean, now: number): void {
    stream.unackedPackets++;
    this.want(stream, isUrgent || stream.unackedPackets >= PACKETS_PER_ACK, now);
  }

  want(stream: Stream, isUrgent: boolean, now: number): void {
    if (!stream.ackIsDue) {
      stream.ackIsDue = true;
      this.acks.push(stream);
    }
    this.dueMs = isUrgent ? Number.NEGATIVE_INFINITY : Math.min(this.dueMs, now + MAX_ACK_DELAY_MS);
  }

  /** Sends what is due, as far as the carrier has room; calls `handleSent` for each stream whose ACK is on its way. */
  flush(now: number, handleSent: (stream: Stream) => void): void {
    if (now < this.dueMs) return;
    const { acks } = this;
    this.done = 0;
    while (this.done < acks.length) {
      const from = this.done;
      if (!this.writer.command(ACK_BYTES, now, this.writeBody) || this.done === from) break;
    }
    const { done } = this;
    this.dueMs = acks.length > done ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    for (let i = 0; i < done; i++) handleSent(acks[i]);
    acks.copyWithin(0, done);
    acks.length -= done;
  }

  /** As many as one command takes. */
  private readonly writeBody = (bytes: Uint8Array, at: number): number => {
    const { acks } = this;
    this.body.begin(bytes, at, at + ACK_BYTES);
    while (this.done < acks.length && this.write(acks[this.done])) this.done++;
    return this.body.length;
  };

  /** False = no room in this command. */
  private write(stream: Stream): boolean {
    const { body } = this;
    const { arrived, limit } = stream.receiving;
    if (stream.phase !== 'over') {
      if (!body.channel(stream.channel, limit)) return false;
      const skipped = Math.max(0, arrived.size - RANGES_PER_ACK);
      for (let i = 0; i < arrived.size; i++) {
        if (i > 0 && i <= skipped) continue;
        if (!body.range(arrived.start(i), arrived.end(i) - 1)) break;
      }
    }
    stream.ackIsDue = false;
    stream.unackedPackets = 0;
    return true;
  }
}
