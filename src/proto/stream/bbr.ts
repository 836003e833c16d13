/**
 * Congestion control of one way, after BBR version 1 (draft-cardwell-iccrg-bbr-congestion-control-00; the section numbers
 * below are its): it sends as fast as the peer acknowledges, and keeps two round trips' worth under way. Loss alone cuts
 * nothing, as everywhere in this protocol: a lossy link is what streams are for. A queue that grows does: the rate is
 * what comes out at the other end, and the round-trip time the least seen.
 *
 *   startup ──three rounds without a quarter more──▶ drain ──queue empty──▶ probe-bw ◀──▶ probe-rtt
 *
 * All rates are bytes per millisecond.
 */

/** 2/ln(2): doubles the rate each round (§4.3.2). */
const STARTUP_GAIN = 2.885;
const DRAIN_GAIN = 1 / STARTUP_GAIN;
/** §4.3.4.2: one round for more, one to drain what that queued, six steady. */
const CYCLE_GAINS = [1.25, 0.75, 1, 1, 1, 1, 1, 1] as const;
const WINDOW_GAIN = 2;
/** §4.1.1.3: the rate is the best of so many rounds. */
const RATE_ROUNDS = 10;
/** §4.3.2.2. */
const FULL_GROWTH = 1.25;
const FULL_ROUNDS = 3;
/** §4.1.2.3: the least round-trip time is looked for anew. */
const MIN_RTT_SPAN_MS = 10_000;
const PROBE_RTT_MS = 200;
/** RFC 6928. */
const INITIAL_PACKETS = 10;
const MIN_PACKETS = 4;
/** However little came in the rounds that count: a packet in so long tells how it is now. */
const MAX_PACE_MS = 1_000;
/** What is probed for has to arrive: a lossy way is asked with as much more, up to here. */
const MAX_LOSS = 0.4;
const LOSS_SMOOTHING = 1 / 4;
/** Acknowledgements come in bunches: an ACK per read of a busy receiver covers what was sent in this time, at least. */
const BUNCH_MS = 2;
/** How much more than expected comes at once is the most of so many rounds (as Linux counts it, tcp_bbr.c), up to this time's. */
const BUNCH_ROUNDS = 5;
const BUNCH_MAX_MS = 50;

/** What a transmission has to remember (§4.1.1.2, delivery rate estimation). */
export interface DeliveryStamp {
  sentMs: number;
  /** Of the way, when it was sent. */
  deliveredBytes: number;
  deliveredMs: number;
  firstSentMs: number;
  isAppLimited: boolean;
}

export class Bbr {
  private state: 'startup' | 'drain' | 'probe-bw' | 'probe-rtt' = 'startup';
  private pacingGain = STARTUP_GAIN;
  private windowGain = STARTUP_GAIN;
  private cycle = 0;
  private cycleMs = 0;
  /** 0..1, of the last rounds. */
  private loss = 0;
  private roundLost = 0;
  private roundDelivered = 0;

  // Delivery
  private delivered = 0;
  private deliveredMs = 0;
  private firstSentMs = 0;
  private appLimitedUntil = 0;
  /** Best rate of each of the last rounds that told one, in turn. */
  private readonly rates = new Float64Array(RATE_ROUNDS);
  private rate = 0;
  private slot = 0;
  private isNewSlot = false;
  private roundEndsAt = 0;
  private isRoundStart = false;

  // Bunches: what has come since their beginning, beyond what the rate explains
  private bunchMs = 0;
  private bunchBytes = 0;
  private bunchMost = 0;
  private bunchMostBefore = 0;
  private bunchRounds = 0;

  // Full pipe
  private fullRate = 0;
  private fullRounds = 0;
  private isFull = false;

  // Round-trip time
  private minRtt = Number.POSITIVE_INFINITY;
  private minRttMs = 0;
  private probeRttUntilMs = 0;
  private priorWindow = 0;

  private window: number;

  constructor(private readonly packetBytes: number) {
    this.window = INITIAL_PACKETS * packetBytes;
  }

  /** Bytes that may be under way. */
  get windowBytes(): number {
    return this.window;
  }

  /** Least round-trip time; Infinity = not known yet. */
  get baseRttMs(): number {
    return this.minRtt;
  }

  /** Bytes per millisecond to send at. `rttMs`: a guess for the time before the first acknowledgement. */
  pacingRate(rttMs: number): number {
    if (this.rate === 0) return (STARTUP_GAIN * this.window) / Math.max(1, rttMs);
    const isProbing = this.pacingGain > 1;
    const rate = (this.pacingGain * this.rate) / (isProbing ? 1 - Math.min(MAX_LOSS, this.loss) : 1);
    return Math.max(this.packetBytes / MAX_PACE_MS, rate);
  }

  handleSent(stamp: DeliveryStamp, inFlightBytes: number, now: number): void {
    if (inFlightBytes === 0) {
      this.firstSentMs = now;
      this.deliveredMs = now;
    }
    stamp.sentMs = now;
    stamp.deliveredBytes = this.delivered;
    stamp.deliveredMs = this.deliveredMs;
    stamp.firstSentMs = this.firstSentMs;
    stamp.isAppLimited = this.appLimitedUntil > 0;
  }

  /** There was room, but nothing to send: what is measured now says nothing about the way. */
  handleAppLimited(inFlightBytes: number): void {
    this.appLimitedUntil = Math.max(1, this.delivered + inFlightBytes);
  }

  /** One transmission arrived; `handleAcked` follows when all of this acknowledgement are counted. */
  handleDelivered(bytes: number, now: number): void {
    this.delivered += bytes;
    this.roundDelivered += bytes;
    this.deliveredMs = now;
  }

  handleLost(bytes: number): void {
    this.roundLost += bytes;
  }

  /**
   * After an acknowledgement of `ackedBytes`: `newest` is the transmission sent last among them, `rttMs` its round-trip
   * time (-1: it cannot be told), `inFlightBytes` what is still under way.
   */
  handleAcked(
    newest: DeliveryStamp,
    rttMs: number,
    ackedBytes: number,
    inFlightBytes: number,
    now: number,
  ): void {
    if (this.appLimitedUntil > 0 && this.delivered > this.appLimitedUntil) this.appLimitedUntil = 0;
    this.updateRound(newest);
    this.updateRate(newest, now);
    this.updateBunch(ackedBytes, now);
    this.updateMinRtt(rttMs, inFlightBytes, now);
    this.checkFullPipe(newest.isAppLimited);
    this.step(inFlightBytes, now);
    this.updateWindow(ackedBytes);
  }

  /** Nothing came back for long: what was known of the way may be over. */
  handleCollapse(): void {
    this.window = MIN_PACKETS * this.packetBytes;
  }

  private updateRound(newest: DeliveryStamp): void {
    this.isRoundStart = newest.deliveredBytes >= this.roundEndsAt;
    if (!this.isRoundStart) return;
    this.roundEndsAt = this.delivered;
    const all = this.roundLost + this.roundDelivered;
    if (all > 0) this.loss += LOSS_SMOOTHING * (this.roundLost / all - this.loss);
    this.roundLost = 0;
    this.roundDelivered = 0;
    this.isNewSlot = true;
  }

  /** What was delivered since `newest` left, over the longer of the times it took to send and to be acknowledged. */
  private updateRate(newest: DeliveryStamp, now: number): void {
    const elapsedMs = Math.max(newest.sentMs - newest.firstSentMs, now - newest.deliveredMs);
    this.firstSentMs = newest.sentMs;
    // Faster than any round trip: bunched acknowledgements.
    if (elapsedMs <= 0 || elapsedMs < Math.min(this.minRtt, BUNCH_MS)) return;
    const sample = (this.delivered - newest.deliveredBytes) / elapsedMs;
    // A pause must not make the way look slow.
    if (newest.isAppLimited && sample < this.rate) return;
    if (this.isNewSlot) {
      this.isNewSlot = false;
      this.slot = (this.slot + 1) % RATE_ROUNDS;
      this.rates[this.slot] = 0;
    }
    this.rates[this.slot] = Math.max(this.rates[this.slot], sample);
    this.rate = this.rates.reduce((best, rate) => Math.max(best, rate), 0);
  }

  /** A busy machine answers late and all at once: what comes so has to be under way as well, or the way stands still meanwhile. */
  private updateBunch(ackedBytes: number, now: number): void {
    if (this.isRoundStart && ++this.bunchRounds >= BUNCH_ROUNDS) {
      this.bunchRounds = 0;
      this.bunchMostBefore = this.bunchMost;
      this.bunchMost = 0;
    }
    let expected = this.rate * (now - this.bunchMs);
    if (this.bunchBytes <= expected) {
      this.bunchMs = now;
      this.bunchBytes = 0;
      expected = 0;
    }
    this.bunchBytes += ackedBytes;
    this.bunchMost = Math.max(this.bunchMost, Math.min(this.bunchBytes - expected, this.window));
  }

  /** Bytes beyond two round trips that are worth having under way. */
  private get bunchedBytes(): number {
    const most = Math.min(Math.max(this.bunchMost, this.bunchMostBefore), BUNCH_MAX_MS * this.rate);
    return Math.max(most, BUNCH_MS * this.rate);
  }

  private updateMinRtt(rttMs: number, inFlightBytes: number, now: number): void {
    const isOld = now - this.minRttMs > MIN_RTT_SPAN_MS;
    if (rttMs >= 0 && (rttMs <= this.minRtt || isOld)) {
      if (isOld && rttMs > this.minRtt && this.state === 'probe-bw') this.enterProbeRtt();
      else this.minRttMs = now;
      if (rttMs <= this.minRtt) this.minRtt = rttMs;
    }
    if (this.state !== 'probe-rtt') return;
    if (this.probeRttUntilMs === 0) {
      if (inFlightBytes > this.probeRttWindow) return;
      this.probeRttUntilMs = now + PROBE_RTT_MS;
      if (rttMs >= 0) this.minRtt = rttMs;
      return;
    }
    if (rttMs >= 0) this.minRtt = Math.min(this.minRtt, rttMs);
    if (now < this.probeRttUntilMs) return;
    this.minRttMs = now;
    this.window = Math.max(this.window, this.priorWindow);
    this.enterProbeBw(now);
  }

  private checkFullPipe(isAppLimited: boolean): void {
    if (this.isFull || !this.isRoundStart || isAppLimited) return;
    if (this.rate >= FULL_GROWTH * this.fullRate) {
      this.fullRate = this.rate;
      this.fullRounds = 0;
      return;
    }
    this.fullRounds++;
    this.isFull = this.fullRounds >= FULL_ROUNDS;
  }

  private step(inFlightBytes: number, now: number): void {
    if (this.state === 'startup' && this.isFull) {
      this.state = 'drain';
      this.pacingGain = DRAIN_GAIN;
      this.windowGain = STARTUP_GAIN;
    }
    if (this.state === 'drain' && inFlightBytes <= this.pipeBytes(1)) this.enterProbeBw(now);
    if (this.state === 'probe-bw') this.turnCycle(inFlightBytes, now);
  }

  private turnCycle(inFlightBytes: number, now: number): void {
    const isOver = now - this.cycleMs > this.minRtt;
    const gain = CYCLE_GAINS[this.cycle];
    const wantsNext =
      gain > 1
        ? isOver && inFlightBytes >= this.pipeBytes(gain) * 0.9
        : isOver || (gain < 1 && inFlightBytes <= this.pipeBytes(1));
    // More than is asked for cannot be probed for: not more than a few rounds are spent on it.
    if (!wantsNext && now - this.cycleMs <= 3 * this.minRtt) return;
    this.cycle = (this.cycle + 1) % CYCLE_GAINS.length;
    this.cycleMs = now;
    this.pacingGain = CYCLE_GAINS[this.cycle];
  }

  private enterProbeBw(now: number): void {
    this.state = 'probe-bw';
    this.windowGain = WINDOW_GAIN;
    // Not with the round that asks for more.
    this.cycle = 2;
    this.cycleMs = now;
    this.pacingGain = 1;
  }

  private enterProbeRtt(): void {
    this.state = 'probe-rtt';
    this.pacingGain = 1;
    this.priorWindow = this.window;
    this.probeRttUntilMs = 0;
  }

  /** Half of the pipe instead of four packets, as BBR version 2 does: the flow hardly notices. */
  private get probeRttWindow(): number {
    return Math.max(MIN_PACKETS * this.packetBytes, this.pipeBytes(0.5));
  }

  private pipeBytes(gain: number): number {
    if (this.rate === 0 || this.minRtt === Number.POSITIVE_INFINITY)
      return INITIAL_PACKETS * this.packetBytes;
    return gain * this.rate * this.minRtt;
  }

  private updateWindow(ackedBytes: number): void {
    const target = this.pipeBytes(this.windowGain) + this.bunchedBytes + 3 * this.packetBytes;
    if (this.isFull) this.window = Math.min(this.window + ackedBytes, target);
    else if (this.window < target || this.delivered < INITIAL_PACKETS * this.packetBytes)
      this.window += ackedBytes;
    this.window = Math.max(this.window, MIN_PACKETS * this.packetBytes);
    if (this.state === 'probe-rtt') this.window = Math.min(this.window, this.probeRttWindow);
  }
}
