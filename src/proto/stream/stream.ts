/**
 * One reliable channel as its local end sees it: bytes in with back-pressure, bytes out in order, an end in each direction, or
 * one for both. It belongs to the association: sessions, paths and outages come and go under it.
 *
 * The driver is told by `news`, does what it can, and calls the methods here; nothing leaves before `Core.settle`.
 */
import type { StartRequest, TerminateKind } from '../wire/stream-commands.ts';
import type { ReceiveHalf } from './receive-half.ts';
import type { SendHalf } from './send-half.ts';

/** Bits of `Stream.news`. */
export const News = {
  /**
   * The peer wants a socket to `target` (`target.listens`: one that listens there), or tells of somebody who called at
   * `listening`: `accept` or `terminate` follows.
   */
  WANTED: 1,
  /** The peer's socket is open. */
  STARTED: 2,
  /** `peek` gives bytes, or the peer has ended its direction. */
  READABLE: 4,
  /** `write` takes bytes again. */
  WRITABLE: 8,
  /** It is over before its time: `endedBy` says why. */
  TERMINATED: 16,
} as const;

export type Target = Omit<StartRequest, 'channel'>;

/** What a stream needs of the association it belongs to. */
export interface StreamHost {
  /** Something is to be sent. */
  handleWritten(stream: Stream): void;
  /** `isNews`: the peer should hear of the new limit. */
  handleTaken(stream: Stream, isNews: boolean): void;
  handleAccepted(stream: Stream): void;
  handleTerminated(stream: Stream, kind: TerminateKind): void;
  /** Null = there are too many. */
  open(target: Target, now: number): Stream | null;
  /** Bytes worth holding for the ways as they are, and a round trip. */
  readonly backlogBytes: number;
  readonly rttMs: number;
  readonly peerName: string;
}

export type StreamPhase = 'starting' | 'open' | 'over';

export class Stream {
  phase: StreamPhase = 'starting';
  news = 0;
  /** `GONE`: the peer has forgotten it, or never heard of it. */
  endedBy: TerminateKind | null = null;
  /** For whoever drives it. */
  owner: unknown = null;
  /** Where the peer listens for this end, and `target` has called. */
  listening: Stream | null = null;
  /** The application found no room: it is told when there is. */
  private wantsRoom = false;

  // Of `Streams`
  isQueued = false;
  ackIsDue = false;
  unackedPackets = 0;
  /** When something last moved: acknowledged, or arrived. */
  movedMs: number;

  constructor(
    private readonly host: StreamHost,
    readonly channel: number,
    readonly target: Target,
    /** This end asked for it. */
    readonly isOurs: boolean,
    readonly sending: SendHalf,
    readonly receiving: ReceiveHalf,
    readonly createdMs: number,
  ) {
    this.movedMs = createdMs;
  }

  /** Who is at the other end. */
  get peerName(): string {
    return this.host.peerName;
  }

  // Commands

  /** The socket that the peer wanted is open. */
  accept(): void {
    if (this.phase !== 'starting') return;
    this.phase = 'open';
    this.host.handleAccepted(this);
  }

  /**
   * Of a stream that listens for the peer: somebody has called, from `host` (4 or 16 bytes) and `port`. The peer dials what it
   * wants. Null = there are too many, or this one is over.
   */
  openForCaller(host: Uint8Array, port: number, now: number): Stream | null {
    if (this.phase === 'over') return null;
    const { protocol } = this.target;
    return this.host.open({ protocol, host, port, listener: this.channel }, now);
  }

  /** Bytes that `write` takes now. */
  get room(): number {
    return this.phase === 'over' ? 0 : this.sending.room(this.host.backlogBytes);
  }

  /** Takes as much as there is room for and returns how much; `News.WRITABLE` follows when it was not all. */
  write(bytes: Uint8Array, from: number, length: number): number {
    if (this.phase === 'over') return length;
    const taken = Math.min(length, this.room);
    if (taken > 0) {
      this.sending.write(bytes, from, taken);
      this.host.handleWritten(this);
    }
    this.wantsRoom = taken < length;
    return taken;
  }

  /** This direction ends behind what was written. */
  end(): void {
    if (this.phase === 'over' || this.sending.hasStopped) return;
    this.sending.stopAfterWritten();
    this.host.handleWritten(this);
  }

  /** The next bytes as they stand together, null = none now. They stay until `take`. */
  peek(): Uint8Array | null {
    return this.phase === 'over' ? null : this.receiving.peek();
  }

  take(bytes: number, now: number): void {
    if (this.phase === 'over') return;
    this.receiving.take(bytes);
    const isNews = this.receiving.pollLimit(this.host.rttMs, now);
    if (isNews || this.receiving.isEnded) this.host.handleTaken(this, isNews);
  }

  /** True when the peer ended its direction and all of it was taken. */
  get isEnded(): boolean {
    return this.receiving.isEnded;
  }

  /** Ends both directions at once; nothing more is told about it. */
  terminate(kind: TerminateKind): void {
    if (this.phase !== 'over') this.host.handleTerminated(this, kind);
  }

  /** There may be room again. True when the application waited for it, and enough of it is there. */
  pollRoom(): boolean {
    if (!this.wantsRoom || this.phase === 'over') return false;
    const wantedBytes = this.host.backlogBytes;
    // Half of what is held at most: so that it is worth the effort.
    if (this.sending.room(wantedBytes) < this.sending.waitingBytes / 2) return false;
    if (this.sending.room(wantedBytes) === 0) return false;
    this.wantsRoom = false;
    return true;
  }
}
