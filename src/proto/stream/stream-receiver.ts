/** What the wire says of streams: starts, data, stops, acknowledgements and terminations. */
import { AckReader } from '../wire/stream-ack.ts';
import { type StartRequest, type Stop, type Terminate, TerminateKind } from '../wire/stream-commands.ts';
import type { AckSender } from './ack-sender.ts';
import { isStreamChannel } from './channel-numbers.ts';
import type { ChannelTable } from './channel-table.ts';
import type { DataSender } from './data-sender.ts';
import type { Farewells } from './farewells.ts';
import type { Arrival } from './receive-half.ts';
import { News, type Stream, type Target } from './stream.ts';
import type { Ways } from './ways.ts';

/** Every method: false = malformed or against the rules, and nothing is changed. */
export class StreamReceiver {
  private readonly reader = new AckReader();

  constructor(
    private readonly isServer: boolean,
    private readonly channels: ChannelTable,
    private readonly ways: Ways,
    private readonly data: DataSender,
    private readonly acks: AckSender,
    private readonly farewells: Farewells,
  ) {}

  handleStart(request: StartRequest, now: number): boolean {
    const { channels } = this;
    const { channel } = request;
    if (!isStreamChannel(channel) || channels.numbers.isOurs(channel)) return false;
    // The client asks to listen, the server tells of callers.
    if (this.isServer ? request.listener !== undefined : request.listens) return false;
    const known = channels.get(channel);
    if (known !== null) this.acks.want(known, true, now);
    else if (channels.numbers.wasOpened(channel)) channels.answerOver(channel);
    else this.take(request, now);
    return true;
  }

  private take({ channel, ...target }: StartRequest, now: number): void {
    const { channels } = this;
    channels.numbers.note(channel);
    const listening = this.listeningFor(target);
    if (channels.isFull) channels.refuse(channel, TerminateKind.LIMIT);
    else if (!this.isServer && listening === null) channels.refuse(channel, TerminateKind.DENIED);
    else {
      const stream = channels.take(channel, target, now);
      stream.listening = listening;
      this.acks.want(stream, true, now);
    }
  }

  /** The stream by which this end asked for such callers; null = it did not, or does not any more. */
  private listeningFor({ listener, protocol }: Target): Stream | null {
    const stream = listener === undefined ? null : this.channels.get(listener);
    return stream?.target.listens && stream.target.protocol === protocol ? stream : null;
  }

  handleStarted(channel: number, now: number): boolean {
    const stream = this.channels.find(channel);
    if (stream === null) return true;
    if (!stream.isOurs) return false;
    const { receiving } = stream;
    if (receiving.handleStart() === 'new') {
      stream.phase = 'open';
      this.channels.tell(stream, News.STARTED);
      if (receiving.readableBytes > 0 || receiving.isEnded) this.channels.tell(stream, News.READABLE);
    }
    this.handleArrival(stream, 'new', true, now);
    return true;
  }

  handleData(
    channel: number,
    number: number,
    bytes: Uint8Array,
    at: number,
    length: number,
    now: number,
  ): boolean {
    const stream = this.channels.find(channel);
    if (stream === null) return true;
    const { receiving } = stream;
    const before = receiving.readableBytes;
    const arrival = receiving.handleData(number, bytes, at, length);
    if (arrival === 'beyond') return false;
    const hasLimit = receiving.pollLimit(this.ways.rttMs, now);
    this.handleArrival(stream, arrival, hasLimit || receiving.hasHoles, now);
    if (receiving.readableBytes > before) this.channels.tell(stream, News.READABLE);
    return true;
  }

  handleStop({ channel, lastNumber }: Stop, now: number): boolean {
    const stream = this.channels.find(channel);
    if (stream === null) return true;
    const arrival = stream.receiving.handleStop(lastNumber);
    if (arrival === 'beyond') return false;
    this.handleArrival(stream, arrival, true, now);
    if (arrival === 'new') this.channels.tell(stream, News.READABLE);
    return true;
  }

  private handleArrival(stream: Stream, arrival: Arrival, isUrgent: boolean, now: number): void {
    if (arrival === 'new') stream.movedMs = now;
    // What is known already was not acknowledged in time.
    this.acks.handlePacket(stream, isUrgent || arrival === 'known', now);
  }

  handleTerminate({ channel, kind }: Terminate): boolean {
    if (!isStreamChannel(channel)) return false;
    this.farewells.confirm(channel);
    const isGone = kind === TerminateKind.GONE;
    if (!isGone) this.farewells.answerGone(channel);
    const stream = this.channels.get(channel);
    if (stream === null) return true;
    // The peer forgot it after both directions had ended: only its last acknowledgement was lost.
    if (isGone && stream.receiving.isComplete && stream.sending.hasStopped) {
      this.data.remove(stream);
      stream.sending.finish();
      this.channels.finishIfDone(stream);
    } else this.channels.handleTerminated(stream, kind as TerminateKind);
    return true;
  }

  /** `bytes[offset .. offset + length)` is a whole ACK command; what stands before a malformed entry counts. */
  handleAck(bytes: Uint8Array, offset: number, length: number, now: number): boolean {
    const { reader } = this;
    reader.reset(bytes, offset, length);
    let stream: Stream | null = null;
    let kind = reader.next();
    for (; kind === 'channel' || kind === 'range'; kind = reader.next()) {
      if (kind === 'channel') {
        if (stream !== null) this.handleAcked(stream, now);
        stream = this.channels.get(reader.channel);
        if (reader.limit >= 0) stream?.sending.handleLimit(reader.limit);
      } else if (stream !== null) this.data.handleArrived(stream, reader.first, reader.last + 1, now);
    }
    if (stream !== null) this.handleAcked(stream, now);
    this.ways.settle(now, this.data.lose);
    return kind === 'end';
  }

  private handleAcked(stream: Stream, now: number): void {
    stream.sending.advance();
    if (stream.sending.waitingBytes <= 0) stream.movedMs = now;
    this.data.enqueue(stream);
    if (stream.pollRoom()) this.channels.tell(stream, News.WRITABLE);
    this.channels.finishIfDone(stream);
  }
}
