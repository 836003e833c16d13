/**
 * One path as streams see it: what is under way on it, how fast it may be filled, and what of it is lost. Loss is judged by
 * time, after RFC 9002 §6.1.2 and RFC 8985: what was sent well before something that arrived is lost. What is overdue while
 * nothing arrives is asked for by probes (§6.2).
 */
import { RttEstimator } from '../path/rtt-estimator.ts';
import { Bbr } from './bbr.ts';
import { Pacer } from './pacer.ts';
import type { Transmission } from './transmission.ts';

/** A packet with its wrappers at most, bytes. */
const PACKET_BYTES = 1_500;
/** Ten packets after a pause (RFC 6928). */
const BURST_BYTES = 10 * PACKET_BYTES;
/** How long the peer may wait before it acknowledges (RFC 9000 §18.2). */
export const MAX_ACK_DELAY_MS = 25;
/** RFC 9002 §6.1.2: granularity of the clock and of timers. */
const GRANULARITY_MS = 1;
/** RFC 9002 §6.1.2: an eighth of a round trip more than one; more where packets were seen to overtake each other. */
const REORDERING_MIN = 1 / 8;
const REORDERING_MAX = 1;
/** RFC 9002 §6.2.2. */
const INITIAL_RTT_MS = 333;
/** No path takes so long: the machine slept meanwhile, and neither this time nor a rate over it says anything of the path. */
const MAX_RTT_MS = 10_000;
/** Probes before everything under way counts as lost. */
const PROBES_BEFORE_COLLAPSE = 3;
const PROBE_MAX_MS = 2_000;
const MAX_BACKOFF = 6;

export class Way {
  readonly bbr = new Bbr(PACKET_BYTES);
  readonly rtt = new RttEstimator();
  private readonly pacer = new Pacer(BURST_BYTES);
  inFlightBytes = 0;
  private oldest: Transmission | null = null;
  private newest: Transmission | null = null;
  /** When the newest transmission that arrived was sent. */
  private arrivedSentMs = Number.NEGATIVE_INFINITY;
  private reordering = REORDERING_MIN;
  private lossMs = Number.POSITIVE_INFINITY;
  private lastSentMs = 0;
  private probes = 0;
  /** Probes that are owed: they leave whatever the window says. */
  private owed = 0;

  // Of the acknowledgement at hand
  private ackedBytes = 0;
  private hasAcked = false;
  private ackedRttMs = -1;
  private ackedStamp = { sentMs: 0, deliveredBytes: 0, deliveredMs: 0, firstSentMs: 0, isAppLimited: false };

  /** Counters for `status`. */
  lostPackets = 0;
  spuriousPackets = 0;

  /** `id`: of the path. */
  constructor(readonly id: number) {}

  get isIdle(): boolean {
    return this.oldest === null;
  }

  /** A round trip as it is expected; `pathRttMs`: as the path's probes found it. */
  private expectedRttMs(pathRttMs: number | null): number {
    return this.rtt.smoothedMs ?? pathRttMs ?? INITIAL_RTT_MS;
  }

  /** True when a packet may leave now. */
  mayFill(pathRttMs: number | null, now: number): boolean {
    if (this.owed > 0) return true;
    if (this.inFlightBytes >= this.bbr.windowBytes) return false;
    this.pacer.fill(this.bbr.pacingRate(this.expectedRttMs(pathRttMs)), now);
    return this.pacer.isOpen;
  }

  /** When a packet may leave, as far as time decides it; Infinity = only an acknowledgement makes room. */
  openMs(pathRttMs: number | null): number {
    if (this.inFlightBytes >= this.bbr.windowBytes) return Number.POSITIVE_INFINITY;
    return this.pacer.openMs(this.bbr.pacingRate(this.expectedRttMs(pathRttMs)));
  }

  handleSent(transmission: Transmission, now: number): void {
    transmission.way = this;
    transmission.olderOfWay = this.newest;
    transmission.newerOfWay = null;
    if (this.newest === null) this.oldest = transmission;
    else this.newest.newerOfWay = transmission;
    this.newest = transmission;
    if (this.inFlightBytes === 0) this.probes = 0;
    this.bbr.handleSent(transmission, this.inFlightBytes, now);
    this.inFlightBytes += transmission.bytes;
    this.pacer.take(transmission.bytes);
    if (this.owed > 0) this.owed--;
    this.lastSentMs = now;
  }

  handleAppLimited(): void {
    this.bbr.handleAppLimited(this.inFlightBytes);
  }

  /** Takes it out of the list: it arrived, is lost, or does not matter any more. */
  remove(transmission: Transmission): void {
    const { olderOfWay, newerOfWay } = transmission;
    if (olderOfWay === null) this.oldest = newerOfWay;
    else olderOfWay.newerOfWay = newerOfWay;
    if (newerOfWay === null) this.newest = olderOfWay;
    else newerOfWay.olderOfWay = olderOfWay;
    transmission.olderOfWay = null;
    transmission.newerOfWay = null;
    this.inFlightBytes -= transmission.bytes;
  }

  /** It arrived; `settle` follows when all of the acknowledgement are counted. The caller removes it afterwards. */
  handleArrived(transmission: Transmission, now: number): void {
    const rttMs = now - transmission.sentMs;
    this.ackedBytes += transmission.bytes;
    this.bbr.handleDelivered(transmission.bytes, now);
    if (rttMs > MAX_RTT_MS) return;
    // Which of its sendings was acknowledged only time can tell.
    if (transmission.isRepeat && rttMs < (this.rtt.minMs ?? 0)) {
      this.spuriousPackets++;
      this.reordering = Math.min(REORDERING_MAX, 2 * this.reordering);
      return;
    }
    if (this.hasAcked && transmission.sentMs <= this.ackedStamp.sentMs) return;
    this.hasAcked = true;
    this.ackedRttMs = transmission.isRepeat ? -1 : rttMs;
    const stamp = this.ackedStamp;
    stamp.sentMs = transmission.sentMs;
    stamp.deliveredBytes = transmission.deliveredBytes;
    stamp.deliveredMs = transmission.deliveredMs;
    stamp.firstSentMs = transmission.firstSentMs;
    stamp.isAppLimited = transmission.isAppLimited;
  }

  /** True when something had arrived: losses are to be looked for. */
  settle(now: number): boolean {
    if (this.ackedBytes === 0) return false;
    if (this.ackedRttMs >= 0) this.rtt.handleSample(this.ackedRttMs);
    if (this.hasAcked) {
      this.arrivedSentMs = Math.max(this.arrivedSentMs, this.ackedStamp.sentMs);
      this.bbr.handleAcked(this.ackedStamp, this.ackedRttMs, this.ackedBytes, this.inFlightBytes, now);
    }
    this.probes = 0;
    this.owed = 0;
    this.ackedBytes = 0;
    this.hasAcked = false;
    this.ackedRttMs = -1;
    return true;
  }

  /** The next transmission that is lost by now, or null; the caller removes it and asks again. */
  nextLost(now: number): Transmission | null {
    this.lossMs = Number.POSITIVE_INFINITY;
    const { oldest } = this;
    if (oldest === null || oldest.sentMs >= this.arrivedSentMs) return null;
    const lostAtMs = oldest.sentMs + this.patienceMs;
    if (now >= lostAtMs) {
      this.lostPackets++;
      this.bbr.handleLost(oldest.bytes);
      return oldest;
    }
    this.lossMs = lostAtMs;
    return null;
  }

  /** The oldest that is under way. */
  get first(): Transmission | null {
    return this.oldest;
  }

  /** How long after its sending a packet that others overtook is given up. */
  private get patienceMs(): number {
    const rttMs = Math.max(this.rtt.smoothedMs ?? INITIAL_RTT_MS, this.rtt.latestMs ?? 0);
    return rttMs * (1 + this.reordering) + GRANULARITY_MS;
  }

  /** RFC 9002 §6.2.1. */
  private get probeTimeoutMs(): number {
    const { smoothedMs, variationMs } = this.rtt;
    const base =
      smoothedMs === null
        ? 2 * INITIAL_RTT_MS
        : smoothedMs + Math.max(4 * variationMs, GRANULARITY_MS) + MAX_ACK_DELAY_MS;
    return Math.min(Math.max(PROBE_MAX_MS, base), base * 2 ** Math.min(this.probes, MAX_BACKOFF));
  }

  /** When `handleTimeout` is due; Infinity = nothing is under way. */
  get timeoutMs(): number {
    if (this.oldest === null) return Number.POSITIVE_INFINITY;
    return Math.min(this.lossMs, this.lastSentMs + this.probeTimeoutMs);
  }

  /**
   * How many of the oldest transmissions are to be sent again as a probe: 0 = the time has not come, Infinity = all: the way
   * has not answered for long.
   */
  pollProbe(now: number): number {
    if (this.oldest === null || now < this.lastSentMs + this.probeTimeoutMs) return 0;
    this.probes++;
    this.lastSentMs = now;
    if (this.probes > PROBES_BEFORE_COLLAPSE) {
      this.bbr.handleCollapse();
      this.owed = 2;
      return Number.POSITIVE_INFINITY;
    }
    this.owed = 2;
    return 2;
  }
}
