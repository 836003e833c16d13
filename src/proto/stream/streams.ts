/**
 * All reliable channels of one association (PROTOCOL.md §9), and the order of one `flush`:
 *
 *   1. time-outs of the ways   2. terminations and answers to the unknown   3. acknowledgements   4. repeats   5. fresh data
 *
 * `channel-table.ts` opens and ends them, `stream-receiver.ts` hears what the wire says, `data-sender.ts`, `ack-sender.ts` and
 * `farewells.ts` speak, `ways.ts` knows over what. Bounded: channels, windows and backlog by `limits.ts`; what is under way
 * by the windows of the ways.
 */
import type { StartRequest, Stop, Terminate, TerminateKind } from '../wire/stream-commands.ts';
import { AckSender } from './ack-sender.ts';
import type { Carrier } from './carrier.ts';
import { ChannelTable } from './channel-table.ts';
import { DataSender } from './data-sender.ts';
import { Farewells } from './farewells.ts';
import { Budget, MAX_CHANNELS, STREAM_MEMORY_BYTES } from './limits.ts';
import { PacketWriter } from './packet-writer.ts';
import type { Stream, StreamHost, Target } from './stream.ts';
import { StreamReceiver } from './stream-receiver.ts';
import { Ways } from './ways.ts';

/** Memory of channels that fell quiet is given back at this pace. */
const TIDY_MS = 1_000;

export interface StreamsOptions {
  readonly role: 'client' | 'server';
  readonly carrier: Carrier;
  /** Streams with news, for the driver; each is in it once. */
  readonly news: Stream[];
  readonly maxChannels?: number;
  /** Of the streams of all associations; absent = this one has it for itself. */
  readonly memory?: Budget;
  /** Who the peer is, for people and for rules. */
  readonly peer?: () => string;
}

export class Streams implements StreamHost {
  private readonly carrier: Carrier;
  private readonly ways: Ways;
  private readonly writer: PacketWriter;
  private readonly data: DataSender;
  private readonly acks: AckSender;
  private readonly farewells: Farewells;
  private readonly channels: ChannelTable;
  private readonly receiver: StreamReceiver;
  private tidyMs = Number.POSITIVE_INFINITY;
  /** Bytes came or went since it was last tidied, or could not be tidied then. */
  private isUntidy = false;

  constructor(private readonly options: StreamsOptions) {
    const { role, carrier, news, maxChannels = MAX_CHANNELS } = options;
    const { memory = new Budget(STREAM_MEMORY_BYTES) } = options;
    const isServer = role === 'server';
    this.carrier = carrier;
    this.ways = new Ways(carrier);
    this.writer = new PacketWriter(carrier, this.ways, isServer);
    this.data = new DataSender(this.ways, this.writer);
    this.acks = new AckSender(this.writer);
    this.farewells = new Farewells(this.writer);
    this.channels = new ChannelTable({ role, maxChannels, news, memory }, this, this.data, this.farewells);
    const { channels, ways, data, acks, farewells } = this;
    this.receiver = new StreamReceiver(isServer, channels, ways, data, acks, farewells);
  }

  get peerName(): string {
    return this.options.peer?.() ?? '';
  }

  get all(): Iterable<Stream> {
    return this.channels.all;
  }

  get count(): number {
    return this.channels.count;
  }

  get startedStreams(): number {
    return this.channels.startedStreams;
  }

  get refusedStreams(): number {
    return this.channels.refusedStreams;
  }

  get sentPackets(): number {
    return this.data.sentPackets;
  }

  get repeatedPackets(): number {
    return this.data.repeatedPackets;
  }

  get lostPackets(): number {
    return this.ways.lostPackets;
  }

  /** Memory of all channels together. */
  get heldBytes(): number {
    return this.channels.heldBytes;
  }

  /** Something waits for the peer: paths are worth asking for. */
  get isWaiting(): boolean {
    if (this.farewells.size > 0) return true;
    for (const stream of this.channels.all) if (stream.sending.isWaiting) return true;
    return false;
  }

  // Commands

  /** Null = there are too many. Throws when the target's name is no name (`isNameOfHost`). */
  open(target: Target, now: number): Stream | null {
    const stream = this.channels.open(target, now);
    if (stream !== null) this.handleWritten(stream);
    return stream;
  }

  /** Nobody knows the channels any more. */
  reset(): void {
    this.channels.reset();
  }

  /** The peer is another than before and knows none of the channels. */
  handlePeerRestarted(): void {
    this.channels.handlePeerRestarted();
  }

  // From streams

  get backlogBytes(): number {
    return this.ways.backlogBytes;
  }

  get rttMs(): number {
    return this.ways.rttMs;
  }

  handleWritten(stream: Stream): void {
    this.isUntidy = true;
    this.data.enqueue(stream);
    this.carrier.wake();
  }

  handleTaken(stream: Stream, isNews: boolean): void {
    if (isNews) {
      this.acks.want(stream, true, 0);
      this.carrier.wake();
    }
    this.channels.finishIfDone(stream);
  }

  handleAccepted(stream: Stream): void {
    stream.sending.isOpen = true;
    this.handleWritten(stream);
  }

  handleTerminated(stream: Stream, kind: TerminateKind): void {
    this.channels.terminate(stream, kind);
    this.carrier.wake();
  }

  // From the wire. False = malformed or against the rules.

  handleStart(request: StartRequest, now: number): boolean {
    return this.heard(this.receiver.handleStart(request, now));
  }

  handleStarted(channel: number, now: number): boolean {
    return this.heard(this.receiver.handleStarted(channel, now));
  }

  /** `bytes[at .. at + length)` are the numbers from `number` on. */
  handleData(
    channel: number,
    number: number,
    bytes: Uint8Array,
    at: number,
    length: number,
    now: number,
  ): boolean {
    this.isUntidy = true;
    return this.heard(this.receiver.handleData(channel, number, bytes, at, length, now));
  }

  handleStop(stop: Stop, now: number): boolean {
    return this.heard(this.receiver.handleStop(stop, now));
  }

  handleTerminate(terminate: Terminate): boolean {
    return this.heard(this.receiver.handleTerminate(terminate));
  }

  handleAck(bytes: Uint8Array, offset: number, length: number, now: number): boolean {
    return this.heard(this.receiver.handleAck(bytes, offset, length, now));
  }

  private heard(isSound: boolean): boolean {
    this.carrier.wake();
    return isSound;
  }

  // Paths

  /** What carries has changed. Without any path nothing is under way any more, and time does not matter. */
  handlePathsChanged(): void {
    this.ways.handlePathsChanged(this.data.lose);
    if (this.isActive) this.carrier.wake();
  }

  // Time

  /** Something may be said, and there is a path to say it over. */
  private get isActive(): boolean {
    return this.ways.isCarrying && (this.channels.count > 0 || !this.farewells.isQuiet);
  }

  /** When `flush` is due. */
  dueMs(now: number): number {
    if (!this.isActive) return Number.POSITIVE_INFINITY;
    if (this.writer.wasFull) return now;
    return Math.min(this.data.dueMs, this.farewells.dueMs, this.acks.dueMs, this.tidyMs);
  }

  /** Sends what is due; to be called after every input that woke the carrier, and at `dueMs`. */
  flush(now: number): void {
    if (!this.isActive) return;
    this.writer.wasFull = false;
    if (this.isUntidy && this.tidyMs === Number.POSITIVE_INFINITY) this.tidyMs = now + TIDY_MS;
    this.data.handleTimeouts(now);
    this.farewells.flush(this.rttMs, now);
    this.acks.flush(now, this.channels.finishIfDone);
    this.data.flush(now);
    if (now >= this.tidyMs) this.tidy();
  }

  private tidy(): void {
    this.channels.tidy();
    this.tidyMs = Number.POSITIVE_INFINITY;
    this.isUntidy = this.heldBytes > 0;
  }
}
