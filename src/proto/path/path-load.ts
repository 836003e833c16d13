/**
 * How busy a path is: what its bottleneck takes, and how long a packet that is handed over now would wait there. From what
 * was handed over, and from each answered probe: of the bytes handed over since the probe left, those that one base
 * round-trip time takes away are under way, and the rest waits.
 *
 * While packets wait, what arrives is what the bottleneck takes. While none wait, it takes at least that: the estimate doubles
 * with each report until something waits for the first time, and grows with care from then on; never far beyond what arrived,
 * or a path thought faster than it is would never look full.
 */
import { WindowedMin } from './windowed-min.ts';

/** 4 Mbit/s, as the copy budget begins. Bytes per millisecond. */
const INITIAL_CAPACITY = 500;
const MIN_CAPACITY = 4;
/** 80 Gbit/s: no estimate is of use beyond. */
const MAX_CAPACITY = 10_000_000;
const FAST_GROWTH = 2;
const CAREFUL_GROWTH = 1.05;
const SLOW_GROWTH = 1.02;
/** Of what arrives, beyond which no estimate grows. */
const MOST_BEYOND = 1.5;
/** Weight of a new measurement while packets wait. */
const GAIN = 0.3;
/** Traffic that empties its queues now and then shows the base; a path that changed its length is known within two spans. */
const BASE_SPAN_MS = 30_000;
/** What waits in so many answers in a row waits for the bottleneck and not for a radio. */
const STANDING_SAMPLES = 3;
/** A standing queue: beyond what timers and busy machines add. */
const QUEUED_MS = 10;
/** One that no busy machine explains. */
const SURELY_QUEUED_MS = 40;
/** Less arrives than is handed over: the queue grows. */
const BEHIND = 0.95;
/** Part of the capacity that counts as using it; where packets surely wait, the capacity is no more than it was. */
const IN_USE = 0.5;
const IN_USE_QUEUED = 0.2;
/** Delivery is judged over at least this: shorter spans measure the clock. */
const MIN_SPAN_MS = 50;

export class PathLoad {
  /** Bytes per millisecond. */
  capacity = INITIAL_CAPACITY;
  /** Bytes handed over so far. */
  committedBytes = 0;
  /** It is used for what it takes, and packets wait. */
  isFull = false;
  /** It carries about as much as it is thought to take. */
  isUsed = false;
  private offeredPerMs = 0;
  private readonly base = new WindowedMin(BASE_SPAN_MS);
  private readonly recentRtts = new Array<number>(STANDING_SAMPLES).fill(Number.POSITIVE_INFINITY);
  private sample = 0;
  private backlogBytes = 0;
  private backlogMs = 0;
  private hasQueued = false;
  private judgedMs = 0;
  private judgedSentBytes = 0;
  private deliveredBytes = 0;

  /** Round trip of an empty path; Infinity = unknown. */
  get baseRttMs(): number {
    return this.base.value;
  }

  /** What waits in the path for good, ms. */
  get standingQueueMs(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const rttMs of this.recentRtts) least = Math.min(least, rttMs);
    return least === Number.POSITIVE_INFINITY ? 0 : least - this.base.value;
  }

  /** True while packets are handed over at a rate worth judging. */
  get isInUse(): boolean {
    return this.offeredPerMs > MIN_CAPACITY;
  }

  /** What is lost now is lost because the path is full, or just was: a queue that overflows does so within a round trip. */
  get explainsLoss(): boolean {
    const { recentRtts, sample } = this;
    const latestMs = recentRtts[(sample + STANDING_SAMPLES - 1) % STANDING_SAMPLES];
    const previousMs = recentRtts[(sample + STANDING_SAMPLES - 2) % STANDING_SAMPLES];
    const queueMs =
      (previousMs === Number.POSITIVE_INFINITY ? latestMs : Math.max(latestMs, previousMs)) - this.base.value;
    return this.isFull || (this.isUsed && queueMs > SURELY_QUEUED_MS);
  }

  /** A packet is handed over to this path because it arrives over it first, or besides. */
  commit(bytes: number, now: number): void {
    this.committedBytes += bytes;
    this.drain(now);
    this.backlogBytes += bytes;
  }

  /** How long a packet handed over now waits before it is on its way. */
  waitMs(now: number): number {
    this.drain(now);
    return this.backlogBytes / this.capacity;
  }

  /** When a packet of `bytes` handed over now arrives, from now. */
  arrivalMs(bytes: number, now: number): number {
    const base = this.base.value;
    return this.waitMs(now) + bytes / this.capacity + (base === Number.POSITIVE_INFINITY ? 0 : base / 2);
  }

  /** A probe came back; `committedBytes` as it was when the probe left. */
  handleRtt(rttMs: number, committedBytes: number, now: number): void {
    this.base.add(rttMs, now);
    this.recentRtts[this.sample] = rttMs;
    this.sample = (this.sample + 1) % STANDING_SAMPLES;
    const sinceBytes = this.committedBytes - committedBytes;
    this.backlogBytes = Math.max(0, sinceBytes - this.capacity * this.base.value);
    this.backlogMs = now;
  }

  /** `arrivedBytes` more are known to have arrived at the other end; `sentBytes` left over this path so far, for whatever reason. */
  handleDelivery(arrivedBytes: number, sentBytes: number, now: number): void {
    this.deliveredBytes += arrivedBytes;
    const spanMs = now - this.judgedMs;
    if (spanMs < MIN_SPAN_MS) return;
    const delivered = this.deliveredBytes / spanMs;
    const offered = (sentBytes - this.judgedSentBytes) / spanMs;
    this.offeredPerMs = offered;
    this.judgedMs = now;
    this.judgedSentBytes = sentBytes;
    this.deliveredBytes = 0;
    // The first report, or the first one after a pause, tells of time in which nothing was to be carried.
    if (spanMs <= 20 * MIN_SPAN_MS) this.judge(delivered, offered);
  }

  private judge(delivered: number, offered: number): void {
    const queueMs = this.standingQueueMs;
    const isSurelyQueued = queueMs > SURELY_QUEUED_MS;
    const part = Math.max(offered, delivered) / this.capacity;
    this.isUsed = part > IN_USE || (isSurelyQueued && part > IN_USE_QUEUED);
    this.isFull = this.isUsed && queueMs > QUEUED_MS;
    const isBehind = delivered < BEHIND * offered;
    // A queue that others fill says nothing about what the bottleneck would take from here.
    if (delivered > 0 && ((this.isFull && (isBehind || isSurelyQueued)) || (isBehind && isSurelyQueued))) {
      this.capacity = this.hasQueued ? this.capacity + GAIN * (delivered - this.capacity) : delivered;
      this.hasQueued = true;
    } else if (this.isUsed) {
      const grown = Math.min(this.capacity * this.growth, MOST_BEYOND * delivered);
      this.capacity = Math.max(this.capacity, grown, delivered);
    } else if (this.capacity < INITIAL_CAPACITY && queueMs <= QUEUED_MS) {
      // Nobody would ever find out otherwise: a path that is thought slow is not chosen.
      this.capacity *= CAREFUL_GROWTH;
    }
    this.capacity = Math.min(MAX_CAPACITY, Math.max(MIN_CAPACITY, this.capacity));
  }

  /** Where something waits already, or did before, with care. */
  private get growth(): number {
    if (this.isFull) return SLOW_GROWTH;
    return this.hasQueued ? CAREFUL_GROWTH : FAST_GROWTH;
  }

  private drain(now: number): void {
    if (now === this.backlogMs) return;
    this.backlogBytes = Math.max(0, this.backlogBytes - (now - this.backlogMs) * this.capacity);
    this.backlogMs = now;
  }
}
