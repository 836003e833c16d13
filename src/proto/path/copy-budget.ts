/**
 * How many copies a path can take without clogging. A copy that does not fit is dropped and counted, never queued: the
 * packet went over another path already, and a full queue on a slow link would delay the very packets that need it most when
 * the fast link dies.
 *
 * The rate starts low and grows fourfold with every good report, so that it keeps up with a flow in slow start; a growing round-trip time cuts it to what the
 * peer says was delivered; from then on it grows in small steps. Without reports it stays. Loss alone cuts nothing: a lossy
 * link is where copies are wanted. A path that takes whatever is offered ends without a limit.
 */

/** 4 Mbit/s: a video call fits from the first packet on. Bytes per millisecond. */
const INITIAL_RATE = 500;
/** Copies of control traffic fit even a link of 32 kbit/s. */
const MIN_RATE = 4;
/** Beyond 4 Gbit/s nothing is limited. */
const UNLIMITED_RATE = 500_000;
/** What may leave at once: the first window of a TCP flow over a link not known to be slow, three packets over one that is. */
const BURST_BYTES = 20_480;
const CONGESTED_BURST_BYTES = 4_500;
const BURST_MS = 40;
/** Of the least burst, kept for small copies: a call, a keystroke, a question to a name server are not pushed aside by a download. */
const SMALL_SHARE = 0.25;
const SMALL_BYTES = 256;
/** Queueing delay that is a sign of congestion, and below which there is room for more. */
const CONGESTED_QUEUE_MS = 100;
const CLEAR_QUEUE_MS = 50;
/** A shorter queue is a sign, too, when less than this part arrives: it overflows. A lossy link loses a third and wants its copies. */
const OVERFLOWING = 0.5;
/** A flow in slow start doubles with each round trip and is one ahead. */
const SLOW_START_GROWTH = 4;
const CAREFUL_GROWTH = 1.1;
/** Part of the rate that counts as using it: twice as much still fits, beside what is kept for small copies. */
const IN_USE = 1 / 3;
/** Of the delivered rate, so that the queue drains. */
const BACK_OFF = 0.8;
/** The base round-trip time is the least of the current and the previous span of this length. */
const BASE_SPAN_MS = 10_000;
/** One cut per round trip at most. */
const MIN_CUT_INTERVAL_MS = 200;
/** Congestion that one stall of a busy machine would explain does not cut: over so many reports, and so long. */
const CONGESTED_MS = 100;

export class CopyBudget {
  private ratePerMs = INITIAL_RATE;
  private tokens = BURST_BYTES;
  private refilledMs = 0;
  private wasCongested = false;
  /** Offered since the last report, taken or not. */
  private offeredBytes = 0;
  private congestedReports = 0;
  private congestedSinceMs = 0;
  private reportedMs = 0;
  private cutMs = Number.NEGATIVE_INFINITY;
  private spanMs = 0;
  private spanMin = Number.POSITIVE_INFINITY;
  private previousMin = Number.POSITIVE_INFINITY;
  /** Copies that did not fit. */
  surplusCopies = 0;

  /** Bytes per millisecond; Infinity = no limit. */
  get rate(): number {
    return this.ratePerMs;
  }

  get isLimited(): boolean {
    return this.ratePerMs !== Number.POSITIVE_INFINITY;
  }

  /** The rate is still being found out: no answer has shown a queue yet. */
  get isRamping(): boolean {
    return this.isLimited && !this.wasCongested;
  }

  /** True while the rate is being used: reports should come soon. */
  get isBusy(): boolean {
    return this.isLimited && this.offeredBytes > this.ratePerMs * BURST_MS;
  }

  /** True when the copy may go; counts the surplus. */
  take(bytes: number, now: number): boolean {
    this.offeredBytes += bytes;
    if (this.ratePerMs === Number.POSITIVE_INFINITY) return true;
    const least = this.wasCongested ? CONGESTED_BURST_BYTES : BURST_BYTES;
    const burst = Math.max(least, this.ratePerMs * BURST_MS);
    if (now !== this.refilledMs) {
      this.tokens = Math.min(burst, this.tokens + (now - this.refilledMs) * this.ratePerMs);
      this.refilledMs = now;
    }
    const kept = bytes > SMALL_BYTES ? SMALL_SHARE * least : 0;
    if (this.tokens < bytes + kept) {
      this.surplusCopies++;
      return false;
    }
    this.tokens -= bytes;
    return true;
  }

  /** Bytes of a packet that went over this path without asking, because it had to. */
  note(bytes: number): void {
    this.offeredBytes += bytes;
  }

  /** An answer came: the round-trip time of its probe, and what left here and arrived there per millisecond since the last one. */
  handleReport(rttMs: number, sentPerMs: number, deliveredPerMs: number, now: number): void {
    const queueMs = rttMs - this.baseMs(rttMs, now);
    const elapsedMs = Math.max(1, now - this.reportedMs);
    const wasUsed = this.offeredBytes / elapsedMs > IN_USE * this.ratePerMs;
    this.offeredBytes = 0;
    this.reportedMs = now;
    const enoughMs = deliveredPerMs < OVERFLOWING * sentPerMs ? CLEAR_QUEUE_MS : CONGESTED_QUEUE_MS;
    if (queueMs <= enoughMs) this.congestedReports = 0;
    else if (this.congestedReports++ === 0) this.congestedSinceMs = now;
    if (this.isSurelyCongested(now)) this.cut(deliveredPerMs, now);
    else if (queueMs < CLEAR_QUEUE_MS && wasUsed) this.grow();
  }

  /** A link that cannot take even the first rate is rare. */
  private isSurelyCongested(now: number): boolean {
    const spans = this.ratePerMs > INITIAL_RATE ? 1 : 2;
    return this.congestedReports > spans && now - this.congestedSinceMs >= spans * CONGESTED_MS;
  }

  private cut(deliveredPerMs: number, now: number): void {
    if (now - this.cutMs < MIN_CUT_INTERVAL_MS) return;
    this.cutMs = now;
    this.wasCongested = true;
    const known = Math.min(this.ratePerMs, deliveredPerMs > 0 ? deliveredPerMs : this.ratePerMs);
    this.ratePerMs = Math.max(MIN_RATE, BACK_OFF * known);
    this.tokens = Math.min(this.tokens, 0);
  }

  private grow(): void {
    this.ratePerMs *= this.wasCongested ? CAREFUL_GROWTH : SLOW_START_GROWTH;
    if (this.ratePerMs > UNLIMITED_RATE) this.ratePerMs = Number.POSITIVE_INFINITY;
  }

  private baseMs(rttMs: number, now: number): number {
    if (now - this.spanMs >= BASE_SPAN_MS) {
      this.previousMin = this.spanMin;
      this.spanMin = rttMs;
      this.spanMs = now;
    }
    this.spanMin = Math.min(this.spanMin, rttMs);
    return Math.min(this.spanMin, this.previousMin);
  }
}
