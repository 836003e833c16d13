/** The channels of an association by number, from their opening to their end, and what is left to say when they are over. */
import { isNameOfHost, TerminateKind } from '../wire/stream-commands.ts';
import { ChannelNumbers } from './channel-numbers.ts';
import type { DataSender } from './data-sender.ts';
import type { Farewells } from './farewells.ts';
import { BACKLOG_BUDGET_BYTES, Budget, CHANNEL_BYTES, WINDOW_BUDGET_BYTES } from './limits.ts';
import { ReceiveHalf } from './receive-half.ts';
import { SendHalf } from './send-half.ts';
import { News, Stream, type StreamHost, type Target } from './stream.ts';

export interface ChannelTableOptions {
  readonly role: 'client' | 'server';
  readonly maxChannels: number;
  /** Streams with news, for the driver; each is in it once. */
  readonly news: Stream[];
  /** Shared with the channels of other associations. */
  readonly memory: Budget;
}

export class ChannelTable {
  readonly numbers: ChannelNumbers;
  private readonly channels = new Map<number, Stream>();
  private readonly windows: Budget;
  private readonly backlog: Budget;

  // Counters
  startedStreams = 0;
  refusedStreams = 0;

  constructor(
    private readonly options: ChannelTableOptions,
    private readonly host: StreamHost,
    private readonly data: DataSender,
    private readonly farewells: Farewells,
  ) {
    this.numbers = new ChannelNumbers(options.role);
    this.windows = new Budget(WINDOW_BUDGET_BYTES, options.memory);
    this.backlog = new Budget(BACKLOG_BUDGET_BYTES, options.memory);
  }

  get all(): Iterable<Stream> {
    return this.channels.values();
  }

  get count(): number {
    return this.channels.size;
  }

  /** Those count as well that are over, and the peer does not know. */
  get isFull(): boolean {
    const { maxChannels, memory } = this.options;
    return this.channels.size + this.farewells.size >= maxChannels || memory.isSpent;
  }

  get(channel: number): Stream | null {
    return this.channels.get(channel) ?? null;
  }

  /** The channel's stream; null = it is over, which the peer is told, or its start is still under way: then nothing is said. */
  find(channel: number): Stream | null {
    const stream = this.channels.get(channel);
    if (stream === undefined && this.numbers.wasOpened(channel)) this.answerOver(channel);
    return stream ?? null;
  }

  /** One of ours. Null = there are too many. Throws when the target's name is no name (`isNameOfHost`). */
  open(target: Target, now: number): Stream | null {
    if (typeof target.host === 'string' && !isNameOfHost(target.host))
      throw new TypeError(`no name of a host: ${target.host.slice(0, 300)}`);
    const channel = this.isFull ? -1 : this.numbers.take();
    if (channel < 0) {
      this.refusedStreams++;
      return null;
    }
    const stream = this.create(channel, target, true, now);
    stream.sending.isOpen = true;
    return stream;
  }

  /** One that the peer has started. */
  take(channel: number, target: Target, now: number): Stream {
    const stream = this.create(channel, target, false, now);
    stream.receiving.handleStart();
    this.tell(stream, News.WANTED);
    return stream;
  }

  refuse(channel: number, kind: TerminateKind): void {
    this.refusedStreams++;
    this.farewells.say(channel, kind);
  }

  private create(channel: number, target: Target, isOurs: boolean, now: number): Stream {
    const sending = new SendHalf(this.backlog);
    const receiving = new ReceiveHalf(this.windows);
    const stream = new Stream(this.host, channel, target, isOurs, sending, receiving, now);
    this.channels.set(channel, stream);
    this.options.memory.add(CHANNEL_BYTES);
    this.startedStreams++;
    return stream;
  }

  /** The peer speaks on a channel that is over. */
  answerOver(channel: number): void {
    if (!this.farewells.hurry(channel)) this.farewells.answerGone(channel);
  }

  tell(stream: Stream, news: number): void {
    if (stream.news === 0) this.options.news.push(stream);
    stream.news |= news;
  }

  /** A value, to be handed around. */
  readonly finishIfDone = (stream: Stream): void => {
    const isDone = stream.sending.isDone && stream.receiving.isEnded && !stream.ackIsDue;
    if (isDone && stream.phase !== 'over') this.remove(stream);
  };

  /** The peer has said so. */
  handleTerminated(stream: Stream, kind: TerminateKind): void {
    this.conclude(stream, kind);
    this.tell(stream, News.TERMINATED);
  }

  /** This end says so. */
  terminate(stream: Stream, kind: TerminateKind): void {
    this.conclude(stream, kind);
    this.farewells.say(stream.channel, kind);
  }

  private conclude(stream: Stream, kind: TerminateKind): void {
    stream.endedBy = kind;
    this.remove(stream);
  }

  private remove(stream: Stream): void {
    stream.phase = 'over';
    if (this.channels.delete(stream.channel)) this.options.memory.add(-CHANNEL_BYTES);
    this.data.remove(stream);
    stream.sending.finish();
    stream.sending.release();
    stream.receiving.release();
  }

  /** Nobody knows any of them any more. */
  reset(): void {
    this.endAll(() => true);
  }

  /** The peer is another than before and knows none of them; but those that it has not been told of can still begin. */
  handlePeerRestarted(): void {
    this.endAll((stream) => !isUntold(stream));
  }

  private endAll(isConcerned: (stream: Stream) => boolean): void {
    for (const stream of [...this.channels.values()])
      if (isConcerned(stream)) this.handleTerminated(stream, TerminateKind.GONE);
    this.farewells.clear();
    this.numbers.forgetTheirs();
  }

  get heldBytes(): number {
    let bytes = 0;
    for (const { sending, receiving } of this.channels.values())
      bytes += sending.heldBytes + receiving.heldBytes;
    return bytes;
  }

  /** Gives memory back that nobody needs soon. */
  tidy(): void {
    for (const { sending, receiving } of this.channels.values()) {
      sending.releaseIfEmpty();
      receiving.releaseIfEmpty();
    }
  }
}

/** Ours, and not a word of it has left. A caller's channel hangs on one of the peer's, which is gone. */
function isUntold({ isOurs, target, sending }: Stream): boolean {
  return isOurs && target.listener === undefined && sending.nextNumber === 0;
}
