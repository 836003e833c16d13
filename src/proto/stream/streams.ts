/**
 * All reliable channels of one association (PROTOCOL.md §9): opens and finds them, shares the ways among them, repeats what
 * is lost, acknowledges what comes. The order of one `flush`:
 *
 *   1. terminations and answers to the unknown     2. acknowledgements     3. repeats     4. fresh data
 *
 * Bounded: channels, windows and backlog by `limits.ts`; what is under way by the windows of the ways.
 */
import { COMMAND_CHANNEL, COMMAND_INTERIOR_BYTES, writeInteriorHeader } from '../wire/interior.ts';
import { AckReader, AckWriter } from '../wire/stream-ack.ts';
import {
  isNameOfHost,
  type StartRequest,
  type Stop,
  TERMINATE_MAX_BYTES,
  type Terminate,
  TerminateKind,
  writeStart,
  writeStarted,
  writeStop,
  writeTerminate,
} from '../wire/stream-commands.ts';
import type { Carrier } from './carrier.ts';
import { BACKLOG_BUDGET_BYTES, Budget, MAX_CHANNELS, WINDOW_BUDGET_BYTES } from './limits.ts';
import { RangeSet } from './range-set.ts';
import { type Arrival, ReceiveHalf } from './receive-half.ts';
import { SendHalf } from './send-half.ts';
import { News, Stream, type StreamHost, type Target } from './stream.ts';
import { type Transmission, TransmissionPool } from './transmission.ts';
import { MAX_ACK_DELAY_MS, Way } from './way.ts';

/** ResIP's channels 0 and 1 are commands and IP packets; the client opens even ones, the server odd ones. */
const FIRST_CHANNEL = { client: 2, server: 3 } as const;
const CHANNEL_STEP = 2;
const LAST_CHANNEL = 0xffff_ffff;
const WAYS = 8;
/** Interior header of data at its longest: flags, channel, number, size. */
const DATA_HEADER_BYTES = 1 + 4 + 8 + 2;
/** Header and tag of the datagram, UDP and IP: what congestion control counts beside the data. */
const WRAPPER_BYTES = 28 + 28;
/** RFC 9000 §13.2.2: every second packet at least. */
const PACKETS_PER_ACK = 2;
/** Of one channel in one ACK: the lowest, and the highest others. */
const RANGES_PER_ACK = 48;
/** Largest ACK datagram; with more to say there are several. */
const ACK_BYTES = 1_000;
/** Answers to unknown channels that wait; the peer asks again anyway. */
const MAX_GONE = 64;
/** A termination is said again after this, doubling to the cap, until the peer confirms it. */
const TERMINATE_REPEAT_MS = 500;
const TERMINATE_REPEAT_MAX_MS = 30_000;
/** A peer that takes nothing is asked whether it still does not, doubling to the cap (RFC 9293 §3.8.6.1). */
const BLOCKED_PROBE_MS = 500;
const BLOCKED_PROBE_MAX_MS = 30_000;
/** A packet that is lost thrice holds up for four round trips what came after it; a window is two. */
const BACKLOG_WINDOWS = 4;
/** Memory of channels that fell quiet is given back at this pace. */
const TIDY_MS = 1_000;

interface Farewell {
  readonly kind: TerminateKind;
  repeatMs: number;
  dueMs: number;
}

export interface StreamsOptions {
  readonly role: 'client' | 'server';
  readonly carrier: Carrier;
  /** Streams with news, for the driver; each is in it once. */
  readonly news: Stream[];
  readonly maxChannels?: number;
  /** Who the peer is, for people and for rules. */
  readonly peer?: () => string;
}

export class Streams implements StreamHost {
  private readonly isServer: boolean;
  private readonly carrier: Carrier;
  private readonly channels = new Map<number, Stream>();
  private nextChannel: number;
  /** Channels that the peer has ever started. */
  private readonly seen = new RangeSet();
  private readonly farewells = new Map<number, Farewell>();
  private gone: number[] = [];
  private readonly ways: (Way | null)[] = new Array(WAYS).fill(null);
  private readonly pool = new TransmissionPool();
  private readonly windows = new Budget(WINDOW_BUDGET_BYTES);
  private readonly backlog = new Budget(BACKLOG_BUDGET_BYTES);
  private readonly reader = new AckReader();
  private readonly writer = new AckWriter();

  /** Streams with something to send, in turn. */
  private readonly queue: Stream[] = [];
  private readonly acks: Stream[] = [];
  private ackMs = Number.POSITIVE_INFINITY;
  private readonly blocked = new Set<Stream>();
  private blockedMs = Number.POSITIVE_INFINITY;
  private blockedRepeatMs = BLOCKED_PROBE_MS;
  private tidyMs = Number.POSITIVE_INFINITY;
  /** Bytes came or went since it was last tidied, or could not be tidied then. */
  private isUntidy = false;
  private outboxWasFull = false;
  /** Of ways that carry now. */
  private carrying = 0;

  // Counters
  startedStreams = 0;
  refusedStreams = 0;
  sentPackets = 0;
  repeatedPackets = 0;

  constructor(private readonly options: StreamsOptions) {
    this.isServer = options.role === 'server';
    this.carrier = options.carrier;
    this.nextChannel = FIRST_CHANNEL[options.role];
  }

  get peerName(): string {
    return this.options.peer?.() ?? '';
  }

  get all(): Iterable<Stream> {
    return this.channels.values();
  }

  get count(): number {
    return this.channels.size;
  }

  /** Something waits for the peer: paths are worth asking for. */
  get isWaiting(): boolean {
    if (this.farewells.size > 0) return true;
    for (const stream of this.channels.values()) if (stream.sending.isWaiting) return true;
    return false;
  }

  get lostPackets(): number {
    return this.ways.reduce((sum, way) => sum + (way?.lostPackets ?? 0), 0);
  }

  /** Memory of all channels together. */
  get heldBytes(): number {
    let bytes = 0;
    for (const { sending, receiving } of this.channels.values())
      bytes += sending.heldBytes + receiving.heldBytes;
    return bytes;
  }

  // Commands

  /** Null = there are too many. Throws when the target's name is no name (`isNameOfHost`). */
  open(target: Target, now: number): Stream | null {
    if (typeof target.host === 'string' && !isNameOfHost(target.host))
      throw new TypeError(`no name of a host: ${target.host.slice(0, 300)}`);
    if (this.isFull || this.nextChannel > LAST_CHANNEL) {
      this.refusedStreams++;
      return null;
    }
    const channel = this.nextChannel;
    this.nextChannel += CHANNEL_STEP;
    const stream = this.create(channel, target, true, now);
    stream.sending.isOpen = true;
    this.enqueue(stream);
    this.carrier.wake();
    return stream;
  }

  /** The peer is another than before and knows none of the channels. */
  reset(): void {
    for (const stream of [...this.channels.values()]) this.conclude(stream, TerminateKind.RESET, true);
    this.farewells.clear();
    this.gone = [];
    this.seen.clear();
  }

  // From streams

  get backlogBytes(): number {
    let window = 0;
    for (const way of this.ways) if (way !== null && this.isCarrying(way.id)) window += way.bbr.windowBytes;
    return BACKLOG_WINDOWS * window;
  }

  get rttMs(): number {
    let rttMs = 0;
    for (let id = 0; id < WAYS; id++) {
      if (!this.isCarrying(id)) continue;
      rttMs = Math.max(rttMs, this.ways[id]?.rtt.smoothedMs ?? 0, this.carrier.rttMs(id) ?? 0);
    }
    return rttMs;
  }

  handleWritten(stream: Stream): void {
    this.isUntidy = true;
    this.enqueue(stream);
    this.carrier.wake();
  }

  handleTaken(stream: Stream, isNews: boolean): void {
    if (isNews) this.wantAck(stream, true, 0);
    this.finishIfDone(stream);
  }

  handleAccepted(stream: Stream): void {
    stream.sending.isOpen = true;
    this.handleWritten(stream);
  }

  handleTerminated(stream: Stream, kind: TerminateKind): void {
    this.conclude(stream, kind, false);
    this.sayFarewell(stream.channel, kind);
  }

  // From the wire. False = malformed or against the rules.

  handleStart(request: StartRequest, now: number): boolean {
    const { channel } = request;
    if (channel < FIRST_CHANNEL.client || this.isOurs(channel)) return false;
    // The client asks to listen, the server tells of callers.
    if (this.isServer ? request.listener !== undefined : request.listens) return false;
    const known = this.channels.get(channel);
    if (known !== undefined) this.wantAck(known, true, now);
    else if (this.farewells.has(channel)) this.hurryFarewell(channel);
    else if (this.seen.has(channel)) this.answerGone(channel);
    else this.take(request, now);
    return true;
  }

  private take({ channel, ...target }: StartRequest, now: number): void {
    this.seen.add(channel, channel + 1);
    // So that channels in order make one range, without those of the other end between them.
    this.seen.add(channel - 1, channel);
    const listening = this.listeningFor(target);
    if (this.isFull || (!this.isServer && listening === null)) {
      this.refusedStreams++;
      this.sayFarewell(channel, this.isFull ? TerminateKind.LIMIT : TerminateKind.DENIED);
      return;
    }
    const stream = this.create(channel, target, false, now);
    stream.listening = listening;
    stream.receiving.handleStart();
    this.wantAck(stream, true, now);
    this.tell(stream, News.WANTED);
  }

  /** The stream by which this end asked for such callers; null = it did not, or does not any more. */
  private listeningFor({ listener, protocol }: Target): Stream | null {
    const stream = listener === undefined ? undefined : this.channels.get(listener);
    return stream?.target.listens && stream.target.protocol === protocol ? stream : null;
  }

  handleStarted(channel: number, now: number): boolean {
    const stream = this.find(channel);
    if (stream === null) return true;
    if (!stream.isOurs) return false;
    if (stream.receiving.handleStart() === 'new') {
      stream.phase = 'open';
      this.tell(stream, News.STARTED);
      if (stream.receiving.readableBytes > 0 || stream.receiving.isEnded) this.tell(stream, News.READABLE);
    }
    this.handleArrival(stream, 'new', true, now);
    return true;
  }

  /** False when it is beyond what this end takes. */
  handleData(
    channel: number,
    number: number,
    bytes: Uint8Array,
    at: number,
    length: number,
    now: number,
  ): boolean {
    const stream = this.find(channel);
    if (stream === null) return true;
    const before = stream.receiving.readableBytes;
    const arrival = stream.receiving.handleData(number, bytes, at, length);
    if (arrival === 'beyond') return false;
    this.isUntidy = true;
    const hasLimit = stream.receiving.pollLimit(this.rttMs, now);
    this.handleArrival(stream, arrival, hasLimit || stream.receiving.hasHoles, now);
    if (stream.receiving.readableBytes > before) this.tell(stream, News.READABLE);
    return true;
  }

  handleStop({ channel, lastNumber }: Stop, now: number): boolean {
    const stream = this.find(channel);
    if (stream === null) return true;
    const arrival = stream.receiving.handleStop(lastNumber);
    if (arrival === 'beyond') return false;
    this.handleArrival(stream, arrival, true, now);
    if (arrival === 'new') this.tell(stream, News.READABLE);
    return true;
  }

  handleTerminate({ channel, kind }: Terminate): boolean {
    if (channel < FIRST_CHANNEL.client) return false;
    this.farewells.delete(channel);
    const stream = this.channels.get(channel);
    if (kind !== TerminateKind.GONE) this.answerGone(channel);
    if (stream === undefined) return true;
    // The peer forgot it after both directions had ended: only its last acknowledgement was lost.
    if (kind === TerminateKind.GONE && stream.receiving.isComplete && stream.sending.hasStopped) {
      this.dropUnderWay(stream);
      stream.sending.finish();
      this.finishIfDone(stream);
    } else
      this.conclude(
        stream,
        kind === TerminateKind.GONE ? TerminateKind.RESET : (kind as TerminateKind),
        true,
      );
    return true;
  }

  /** `bytes[offset .. offset + length)` is a whole ACK command. */
  handleAck(bytes: Uint8Array, offset: number, length: number, now: number): boolean {
    const { reader } = this;
    reader.reset(bytes, offset, length);
    let stream: Stream | null = null;
    let isSound = true;
    for (let kind = reader.next(); kind !== 'end'; kind = reader.next()) {
      if (kind === 'malformed') {
        isSound = false;
        break;
      }
      if (kind === 'channel') {
        if (stream !== null) this.handleAcked(stream, now);
        stream = this.channels.get(reader.channel) ?? null;
        if (reader.limit >= 0) stream?.sending.handleLimit(reader.limit);
      } else if (stream !== null) this.handleRange(stream, reader.first, reader.last + 1, now);
    }
    if (stream !== null) this.handleAcked(stream, now);
    this.settleWays(now);
    this.carrier.wake();
    return isSound;
  }

  private handleRange(stream: Stream, from: number, to: number, now: number): void {
    const { sending } = stream;
    let each = sending.firstFrom(from);
    while (each !== null && each.first < to) {
      const next = each.higherOfHalf;
      if (each.first >= from && each.end <= to) {
        stream.movedMs = now;
        const way = each.way as Way;
        way.handleArrived(each, now);
        this.release(each);
      }
      each = next;
    }
    sending.handleArrived(from, to);
  }

  private handleAcked(stream: Stream, now: number): void {
    stream.sending.advance();
    if (stream.sending.waitingBytes <= 0) stream.movedMs = now;
    this.enqueue(stream);
    if (stream.pollRoom()) this.tell(stream, News.WRITABLE);
    this.finishIfDone(stream);
  }

  // Paths

  /** What carries has changed. Without any path nothing is under way any more, and time does not matter. */
  handlePathsChanged(): void {
    const { copies, spread } = this.carrier;
    const carrying = copies | spread;
    // Copies on a path that stays may still arrive.
    const mayArrive = (copies & this.carrying) !== 0;
    for (const way of this.ways) {
      if (way === null || mayArrive || (carrying & (1 << way.id)) !== 0) continue;
      for (let each = way.first; each !== null; each = way.first) this.lose(each);
    }
    this.carrying = carrying;
    if (carrying !== 0 && !this.isQuiet) this.carrier.wake();
  }

  // Time

  /** When `flush` is due. */
  dueMs(now: number): number {
    if (this.carrying === 0 || this.isQuiet) return Number.POSITIVE_INFINITY;
    let due = Math.min(this.ackMs, this.blockedMs, this.tidyMs);
    for (const way of this.ways) if (way !== null) due = Math.min(due, way.timeoutMs);
    for (const farewell of this.farewells.values()) due = Math.min(due, farewell.dueMs);
    if (this.queue.length > 0) due = Math.min(due, this.openMs());
    if (this.outboxWasFull) due = now;
    return due;
  }

  private openMs(): number {
    let openMs = Number.POSITIVE_INFINITY;
    for (let id = 0; id < WAYS; id++)
      if (this.isCandidate(id)) openMs = Math.min(openMs, this.way(id).openMs(this.carrier.rttMs(id)));
    return openMs;
  }

  /** Sends what is due; to be called after every input that woke the carrier, and at `dueMs`. */
  flush(now: number): void {
    if (this.carrying === 0 || this.isQuiet) return;
    this.outboxWasFull = false;
    if (this.isUntidy && this.tidyMs === Number.POSITIVE_INFINITY) this.tidyMs = now + TIDY_MS;
    this.handleTimeouts(now);
    this.sendFarewells(now);
    if (now >= this.ackMs) this.sendAcks(now);
    this.sendData(now);
    if (now >= this.tidyMs) this.tidy();
  }

  /** Nothing to do, as in every association without streams. */
  private get isQuiet(): boolean {
    return this.channels.size === 0 && this.farewells.size === 0 && this.gone.length === 0;
  }

  private handleTimeouts(now: number): void {
    for (const way of this.ways) {
      if (way === null || way.isIdle) continue;
      this.loseOverdue(way, now);
      let count = way.pollProbe(now);
      for (let each = way.first; each !== null && count > 0; each = way.first, count--) this.lose(each);
    }
    if (this.blocked.size === 0) {
      this.blockedMs = Number.POSITIVE_INFINITY;
      this.blockedRepeatMs = BLOCKED_PROBE_MS;
    } else if (this.blockedMs === Number.POSITIVE_INFINITY) this.blockedMs = now + this.blockedRepeatMs;
    else if (now >= this.blockedMs) this.probeBlocked(now);
  }

  private settleWays(now: number): void {
    for (const way of this.ways) if (way?.settle(now)) this.loseOverdue(way, now);
  }

  private loseOverdue(way: Way, now: number): void {
    for (let each = way.nextLost(now); each !== null; each = way.nextLost(now)) this.lose(each);
  }

  private lose(transmission: Transmission): void {
    const stream = transmission.stream as Stream;
    transmission.way?.remove(transmission);
    stream.sending.remove(transmission);
    stream.sending.handleLost(transmission);
    this.pool.put(transmission);
    this.enqueue(stream);
  }

  private release(transmission: Transmission): void {
    transmission.way?.remove(transmission);
    transmission.stream?.sending.remove(transmission);
    this.pool.put(transmission);
  }

  // Sending

  private sendData(now: number): void {
    const { queue } = this;
    this.queueRepeatsFirst();
    while (queue.length > 0) {
      const stream = queue[0];
      const { sending } = stream;
      if (!sending.hasRepeats && !sending.hasFresh) {
        this.dequeue(stream);
        continue;
      }
      const way = this.chooseWay(sending.hasRepeats ? sending.avoid : -1, now);
      if (way === null) return;
      if (!this.sendNext(stream, way, now)) {
        this.outboxWasFull = true;
        return;
      }
      // In turn, packet by packet.
      if (queue.length > 1) queue.push(queue.shift() as Stream);
    }
    for (const way of this.ways) if (way !== null && this.isCandidate(way.id)) way.handleAppLimited();
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

  /** The fastest way with room, another than `avoid` if there is one. */
  private chooseWay(avoid: number, now: number): Way | null {
    let best: Way | null = null;
    let bestRttMs = Number.POSITIVE_INFINITY;
    for (let id = 0; id < WAYS; id++) {
      if (!this.isCandidate(id)) continue;
      const way = this.way(id);
      const pathRttMs = this.carrier.rttMs(id);
      if (!way.mayFill(pathRttMs, now)) continue;
      const rttMs = (way.rtt.smoothedMs ?? pathRttMs ?? 0) + (id === avoid ? 1e6 : 0);
      if (best !== null && rttMs >= bestRttMs) continue;
      best = way;
      bestRttMs = rttMs;
    }
    return best;
  }

  /** A path whose pace decides: one of those that packets are spread over, or the one that leads the copies. */
  private isCandidate(id: number): boolean {
    const { spread, copies, leader } = this.carrier;
    return spread !== 0 ? (spread & (1 << id)) !== 0 : copies !== 0 && id === leader;
  }

  private isCarrying(id: number): boolean {
    return (this.carrying & (1 << id)) !== 0;
  }

  private way(id: number): Way {
    this.ways[id] ??= new Way(id);
    return this.ways[id];
  }

  /** False when the outbox is full. */
  private sendNext(stream: Stream, way: Way, now: number): boolean {
    const { carrier } = this;
    const { sending } = stream;
    const paths = carrier.copies | (1 << way.id);
    const interiorBytes = carrier.interiorBytes(paths);
    if (!sending.next(interiorBytes - DATA_HEADER_BYTES)) return true;
    const at = carrier.begin(interiorBytes);
    if (at < 0) return false;
    const length = this.writeNext(stream, carrier.bytes, at);
    carrier.finish(length, paths, way.id, now);
    const transmission = this.pool.take();
    transmission.stream = stream;
    transmission.bytes = length + WRAPPER_BYTES;
    way.handleSent(transmission, now);
    sending.handleSent(transmission);
    this.sentPackets++;
    if (transmission.isRepeat) this.repeatedPackets++;
    return true;
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

  /** Commands leave over all that carries copies, or over the fastest path. */
  private sendCommand(
    maxBytes: number,
    now: number,
    write: (bytes: Uint8Array, at: number) => number,
  ): boolean {
    const { carrier } = this;
    const at = carrier.begin(COMMAND_INTERIOR_BYTES + maxBytes);
    if (at < 0) {
      this.outboxWasFull = true;
      return false;
    }
    const length = this.wrapCommand(carrier.bytes, at, write(carrier.bytes, at + COMMAND_INTERIOR_BYTES));
    const leader = this.fastest();
    carrier.finish(length, carrier.copies | (1 << leader), leader, now);
    return true;
  }

  private fastest(): number {
    const { carrier } = this;
    if (carrier.spread === 0) return carrier.leader;
    let best = -1;
    for (let id = 0; id < WAYS; id++) {
      if ((carrier.spread & (1 << id)) === 0) continue;
      const isFaster =
        best < 0 ||
        (carrier.rttMs(id) ?? Number.POSITIVE_INFINITY) < (carrier.rttMs(best) ?? Number.POSITIVE_INFINITY);
      if (isFaster) best = id;
    }
    return best;
  }

  private sendFarewells(now: number): void {
    for (const channel of this.gone)
      this.sendCommand(TERMINATE_MAX_BYTES, now, (bytes, at) =>
        writeTerminate(bytes, at, { channel, kind: TerminateKind.GONE }),
      );
    this.gone = [];
    for (const [channel, farewell] of this.farewells) {
      if (now < farewell.dueMs) continue;
      const { kind } = farewell;
      this.sendCommand(TERMINATE_MAX_BYTES, now, (bytes, at) => writeTerminate(bytes, at, { channel, kind }));
      farewell.dueMs = now + Math.max(farewell.repeatMs, 2 * this.rttMs);
      farewell.repeatMs = Math.min(TERMINATE_REPEAT_MAX_MS, 2 * farewell.repeatMs);
    }
  }

  /** An empty packet: the answer to it tells the limit. */
  private probeBlocked(now: number): void {
    for (const stream of this.blocked) {
      if (!stream.sending.isBlocked) {
        this.blocked.delete(stream);
        continue;
      }
      const at = this.carrier.begin(DATA_HEADER_BYTES);
      if (at < 0) break;
      const leader = this.fastest();
      const length = this.writeData(this.carrier.bytes, at, stream, stream.sending.nextNumber, 0);
      this.carrier.finish(length, this.carrier.copies | (1 << leader), leader, now);
    }
    this.blockedMs = now + this.blockedRepeatMs;
    this.blockedRepeatMs = Math.min(BLOCKED_PROBE_MAX_MS, 2 * this.blockedRepeatMs);
  }

  // Acknowledging

  private handleArrival(stream: Stream, arrival: Arrival, isUrgent: boolean, now: number): void {
    if (arrival === 'new') stream.movedMs = now;
    stream.unackedPackets++;
    // What is known already was not acknowledged in time.
    const isNow = isUrgent || arrival === 'known' || stream.unackedPackets >= PACKETS_PER_ACK;
    this.wantAck(stream, isNow, now);
  }

  private wantAck(stream: Stream, isNow: boolean, now: number): void {
    if (!stream.ackIsDue) {
      stream.ackIsDue = true;
      this.acks.push(stream);
    }
    this.ackMs = isNow ? Number.NEGATIVE_INFINITY : Math.min(this.ackMs, now + MAX_ACK_DELAY_MS);
    this.carrier.wake();
  }

  private sendAcks(now: number): void {
    let done = 0;
    while (done < this.acks.length) {
      const from = done;
      const isSent = this.sendCommand(ACK_BYTES, now, (bytes, at) => {
        this.writer.begin(bytes, at, at + ACK_BYTES);
        while (done < this.acks.length && this.writeAck(this.acks[done])) done++;
        return this.writer.length;
      });
      if (!isSent || done === from) break;
    }
    const acked = this.acks.splice(0, done);
    this.ackMs = this.acks.length > 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    for (const stream of acked) this.finishIfDone(stream);
  }

  /** False = no room in this command. */
  private writeAck(stream: Stream): boolean {
    const { writer } = this;
    const { arrived, limit } = stream.receiving;
    if (this.channels.get(stream.channel) === stream) {
      if (!writer.channel(stream.channel, limit)) return false;
      const skipped = Math.max(0, arrived.size - RANGES_PER_ACK);
      for (let i = 0; i < arrived.size; i++) {
        if (i > 0 && i <= skipped) continue;
        if (!writer.range(arrived.start(i), arrived.end(i) - 1)) break;
      }
    }
    stream.ackIsDue = false;
    stream.unackedPackets = 0;
    return true;
  }

  // Channels

  private get isFull(): boolean {
    return this.channels.size + this.farewells.size >= (this.options.maxChannels ?? MAX_CHANNELS);
  }

  private isOurs(channel: number): boolean {
    return channel % CHANNEL_STEP === FIRST_CHANNEL[this.options.role] % CHANNEL_STEP;
  }

  private create(channel: number, target: Target, isOurs: boolean, now: number): Stream {
    const sending = new SendHalf(this.backlog);
    const receiving = new ReceiveHalf(this.windows);
    const stream = new Stream(this, channel, target, isOurs, sending, receiving, now);
    this.channels.set(channel, stream);
    this.startedStreams++;
    return stream;
  }

  /** The channel's stream; null = it is over, or its start is still under way: then nothing is said. */
  private find(channel: number): Stream | null {
    const stream = this.channels.get(channel);
    if (stream !== undefined) return stream;
    if (this.farewells.has(channel)) this.hurryFarewell(channel);
    else if (this.isOurs(channel) ? channel < this.nextChannel : this.seen.has(channel))
      this.answerGone(channel);
    return null;
  }

  private enqueue(stream: Stream): void {
    const { sending } = stream;
    if (stream.isQueued || stream.phase === 'over') return;
    if (sending.hasRepeats || sending.hasFresh) {
      stream.isQueued = true;
      this.queue.push(stream);
    } else if (sending.isBlocked) this.blocked.add(stream);
  }

  private tell(stream: Stream, news: number): void {
    if (stream.news === 0) this.options.news.push(stream);
    stream.news |= news;
  }

  private answerGone(channel: number): void {
    if (this.gone.length < MAX_GONE && !this.gone.includes(channel)) this.gone.push(channel);
    this.carrier.wake();
  }

  private sayFarewell(channel: number, kind: TerminateKind): void {
    const dueMs = Number.NEGATIVE_INFINITY;
    this.farewells.set(channel, { kind, repeatMs: TERMINATE_REPEAT_MS, dueMs });
    this.carrier.wake();
  }

  private hurryFarewell(channel: number): void {
    const farewell = this.farewells.get(channel);
    if (farewell === undefined) return;
    farewell.dueMs = Number.NEGATIVE_INFINITY;
    this.carrier.wake();
  }

  private finishIfDone(stream: Stream): void {
    const isDone = stream.sending.isDone && stream.receiving.isEnded && !stream.ackIsDue;
    if (isDone && stream.phase !== 'over') this.remove(stream);
  }

  /** It ends before its time. */
  private conclude(stream: Stream, kind: TerminateKind, isNews: boolean): void {
    stream.endedBy = kind;
    this.remove(stream);
    if (isNews) this.tell(stream, News.TERMINATED);
  }

  private remove(stream: Stream): void {
    stream.phase = 'over';
    this.channels.delete(stream.channel);
    this.blocked.delete(stream);
    this.dropUnderWay(stream);
    stream.sending.finish();
    stream.sending.release();
    stream.receiving.release();
  }

  private dropUnderWay({ sending }: Stream): void {
    for (let each = sending.lowestUnderWay; each !== null; each = sending.lowestUnderWay) this.release(each);
  }

  private tidy(): void {
    for (const { sending, receiving } of this.channels.values()) {
      sending.releaseIfEmpty();
      receiving.releaseIfEmpty();
    }
    this.tidyMs = Number.POSITIVE_INFINITY;
    this.isUntidy = this.heldBytes > 0;
  }
}
