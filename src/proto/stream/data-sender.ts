/** Streams take turns, packet by packet: what is lost leaves before fresh data, over the ways that have room. */
import type { PacketWriter } from './packet-writer.ts';
import type { Stream } from './stream.ts';
import { type Transmission, TransmissionPool } from './transmission.ts';
import type { Way } from './way.ts';
import type { Ways } from './ways.ts';

/** Header and tag of the datagram, UDP and IP: what congestion control counts beside the data. */
const WRAPPER_BYTES = 28 + 28;
/** A peer that takes nothing is asked whether it still does not, doubling to the cap (RFC 9293 §3.8.6.1). */
const BLOCKED_PROBE_MS = 500;
const BLOCKED_PROBE_MAX_MS = 30_000;

export class DataSender {
  private readonly pool = new TransmissionPool();
  /** Streams with something to send, in turn. */
  private readonly queue: Stream[] = [];
  /** Streams whose peer takes nothing. */
  private readonly blocked = new Set<Stream>();
  private blockedMs = Number.POSITIVE_INFINITY;
  private blockedRepeatMs = BLOCKED_PROBE_MS;

  sentPackets = 0;
  repeatedPackets = 0;

  constructor(
    private readonly ways: Ways,
    private readonly writer: PacketWriter,
  ) {}

  /** The stream may have something to send. */
  enqueue(stream: Stream): void {
    const { sending } = stream;
    if (stream.isQueued || stream.phase === 'over') return;
    if (sending.hasRepeats || sending.hasFresh) {
      stream.isQueued = true;
      this.queue.push(stream);
    } else if (sending.isBlocked) this.blocked.add(stream);
  }

  /** It is over: nothing of it is under way any more. */
  remove(stream: Stream): void {
    this.blocked.delete(stream);
    const { sending } = stream;
    for (let each = sending.lowestUnderWay; each !== null; each = sending.lowestUnderWay) this.release(each);
  }

  /** Numbers [from, to) have arrived. */
  handleArrived(stream: Stream, from: number, to: number, now: number): void {
    const { sending } = stream;
    let each = sending.firstFrom(from);
    while (each !== null && each.first < to) {
      const next = each.higherOfHalf;
      if (each.first >= from && each.end <= to) {
        stream.movedMs = now;
        (each.way as Way).handleArrived(each, now);
        this.release(each);
      }
      each = next;
    }
    sending.handleArrived(from, to);
  }

  /** To be sent again. A value, to be handed around. */
  readonly lose = (transmission: Transmission): void => {
    const stream = transmission.stream as Stream;
    transmission.way?.remove(transmission);
    stream.sending.remove(transmission);
    stream.sending.handleLost(transmission);
    this.pool.put(transmission);
    this.enqueue(stream);
  };

  private release(transmission: Transmission): void {
    transmission.way?.remove(transmission);
    transmission.stream?.sending.remove(transmission);
    this.pool.put(transmission);
  }

  /** When `handleTimeouts` or `flush` is due. */
  get dueMs(): number {
    const due = Math.min(this.blockedMs, this.ways.timeoutMs);
    return this.queue.length > 0 ? Math.min(due, this.ways.openMs) : due;
  }

  handleTimeouts(now: number): void {
    this.ways.handleTimeouts(now, this.lose);
    if (this.blocked.size === 0) {
      this.blockedMs = Number.POSITIVE_INFINITY;
      this.blockedRepeatMs = BLOCKED_PROBE_MS;
    } else if (this.blockedMs === Number.POSITIVE_INFINITY) this.blockedMs = now + this.blockedRepeatMs;
    else if (now >= this.blockedMs) this.probeBlocked(now);
  }

  /** An empty packet: the answer to it tells the limit. */
  private probeBlocked(now: number): void {
    for (const stream of this.blocked) {
      if (!stream.sending.isBlocked) this.blocked.delete(stream);
      else if (!this.writer.empty(stream, now)) break;
    }
    this.blockedMs = now + this.blockedRepeatMs;
    this.blockedRepeatMs = Math.min(BLOCKED_PROBE_MAX_MS, 2 * this.blockedRepeatMs);
  }

  /** Sends as much as ways and carrier take. */
  flush(now: number): void {
    const { queue } = this;
    this.queueRepeatsFirst();
    while (queue.length > 0) {
      const stream = queue[0];
      const { sending } = stream;
      if (!sending.hasRepeats && !sending.hasFresh) {
        this.dequeue(stream);
        continue;
      }
      const way = this.ways.choose(sending.hasRepeats ? sending.avoid : -1, now);
      if (way === null || !this.sendNext(stream, way, now)) return;
      // In turn, packet by packet.
      if (queue.length > 1) queue.push(queue.shift() as Stream);
    }
    this.ways.handleAppLimited();
  }

  private queueRepeatsFirst(): void {
    const { queue } = this;
    if (queue.length < 2 || queue[0].sending.hasRepeats) return;
    const at = queue.findIndex((stream) => stream.sending.hasRepeats);
    if (at > 0) queue.unshift(...queue.splice(at, 1));
  }

  private dequeue(stream: Stream): void {
    this.queue.shift();
    stream.isQueued = false;
    if (stream.sending.isBlocked) this.blocked.add(stream);
  }

  /** False when the carrier is full. */
  private sendNext(stream: Stream, way: Way, now: number): boolean {
    const length = this.writer.next(stream, way.id, now);
    if (length <= 0) return length === 0;
    const transmission = this.pool.take();
    transmission.stream = stream;
    transmission.bytes = length + WRAPPER_BYTES;
    way.handleSent(transmission, now);
    stream.sending.handleSent(transmission);
    this.sentPackets++;
    if (transmission.isRepeat) this.repeatedPackets++;
    return true;
  }
}
