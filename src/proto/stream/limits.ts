/** What the streams of one association may hold. Both ends know the first constant, the rest is each end's own. PROTOCOL.md §9. */

/** Bytes of a channel and direction that may be sent before the first limit arrives. */
export const INITIAL_WINDOW_BYTES = 65_536;
/** Largest window of a channel: 320 Mbit/s over 200 ms. */
export const MAX_WINDOW_BYTES = 8 * 1024 * 1024;
/** Of windows beyond the initial ones, all channels together. */
export const WINDOW_BUDGET_BYTES = 32 * 1024 * 1024;
/** What the application gave and the peer has not acknowledged: at least, and at most, per channel. */
export const MIN_BACKLOG_BYTES = 16_384;
export const MAX_BACKLOG_BYTES = 8 * 1024 * 1024;
/** All channels together; beyond it each gets the least. */
export const BACKLOG_BUDGET_BYTES = 32 * 1024 * 1024;
/** Channels at once. */
export const MAX_CHANNELS = 1_024;
/** Holes in what arrived, per channel: an eighth of the largest window in small packets. */
export const MAX_RANGES = 1_024;

/** What a channel may hold in any case, both directions. */
export const CHANNEL_BYTES = INITIAL_WINDOW_BYTES + MIN_BACKLOG_BYTES;
/** Of all associations of one end: a server's memory is not its clients' to fill. */
export const STREAM_MEMORY_BYTES = 1024 * 1024 * 1024;

/** Bytes that several share, out of what all share (`all`; null = there is nothing above). */
export class Budget {
  private used = 0;

  constructor(
    private readonly limitBytes: number,
    private readonly all: Budget | null = null,
  ) {}

  get usedBytes(): number {
    return this.used;
  }

  get isSpent(): boolean {
    return this.used >= this.limitBytes || (this.all?.isSpent ?? false);
  }

  /** False, and nothing taken, when there is not so much left. */
  take(bytes: number): boolean {
    if (this.used + bytes > this.limitBytes || this.all?.take(bytes) === false) return false;
    this.used += bytes;
    return true;
  }

  /** Takes whatever is left of it or not: what is there cannot be refused any more. */
  add(bytes: number): void {
    this.used += bytes;
    this.all?.add(bytes);
  }
}
