/**
 * One path of an association: a local interface or socket, a remote address, what is known of its quality, and when to
 * probe it next. It sends nothing itself: `poll` says what is due, the association writes the datagram.
 *
 * States:
 *
 *   validating ──answer──▶ up ◀──answer── suspect
 *       ▲                  │ one answer overdue ▲│
 *       │                  └────────────────────┘│ nothing heard for DOWN_AFTER_MS
 *       └───────── something authentic ─── down ◀┘
 *
 * Both ends run the same machine; an idle path is kept alive by the client alone.
 */

import {
  ADDRESS_WORDS,
  PATH_ADDRESS,
  PATH_ERRNO,
  PATH_FAILED,
  PATH_SENT,
  PATH_SENT_BYTES,
  PATH_SOCKET,
  PATH_WORDS,
} from '../packet-batch.ts';
import { addressFamily, copyAddress, sameHost, sameRemote } from '../wire/address-words.ts';
import { Allowance } from './allowance.ts';
import { CopyBudget } from './copy-budget.ts';
import { DelayTrend, stampUs } from './delay-trend.ts';
import { DeliveryProof } from './delivery-proof.ts';
import { DeliveryRate } from './delivery-rate.ts';
import { KeepAliveInterval } from './keep-alive-interval.ts';
import { LossEstimator } from './loss-estimator.ts';
import { Meter } from './meter.ts';
import { MtuDoubt } from './mtu-doubt.ts';
import { PathLoad } from './path-load.ts';
import { PathMtu } from './path-mtu.ts';
import type { PathState } from './path-state.ts';
import { ProbeLog } from './probe-log.ts';
import { RttEstimator } from './rtt-estimator.ts';

/** Between probes of a path that carries traffic: four RTT samples a second cost 3 kbit/s. */
const ACTIVE_PROBE_MS = 250;
/** The same where bytes cost money: 0.2 MB an hour of talking. */
const METERED_PROBE_MS = 2_000;
const METERED_SUSPECT_PROBE_MS = 500;
/** While it is being found out how much the path takes. */
const BUSY_PROBE_MS = 100;
/** Bounds of half a round trip, at which a path is asked that carries packets alone: it is given up within 1.5 round trips and 50 ms. */
const ALONE_PROBE_MIN_MS = 20;
/** While an answer is overdue, to know soon. */
const SUSPECT_PROBE_MS = 100;
/** First repetition towards a path that never answered; doubles up to the cap. */
const VALIDATE_PROBE_MS = 200;
/** Client: a path is probed as under traffic for so long after it came up. The server validates it only while it hears from there. */
const EAGER_MS = 3_000;
/** Cap while there is traffic: a link that returns carries copies again within a second. */
const ACTIVE_RETRY_MS = 500;
/** Cap while nothing is to be sent. */
const IDLE_RETRY_MS = 25_000;
/** Nothing authentic for so long although probes went out: down. Long enough for 30 % loss each way. */
const DOWN_AFTER_MS = 3_000;
const DOWN_AFTER_PROBES = 4;
/** Server, idle: longer than the longest time between keep-alives, with room for repeating one. */
const SILENT_AFTER_MS = 150_000;
/** Silence of this length that ends with an answer was an outage, not a lost answer. */
const OUTAGE_MS = 500;
/**
 * While datagrams leave over this path alone and nothing comes back for half a round trip, it is asked: so its death is known
 * 1.5 round trips and a little later. Whatever arrives saves the question.
 */
const RELIED_ON_MS = 1_000;
const MIN_ASK_AFTER_MS = 15;
/** Sends come in batches; the timer need not hear of each. */
const RELY_EVERY_MS = 10;
/** Answer overdue: smoothed RTT plus four deviations plus this scheduling allowance. */
const ANSWER_SLACK_MS = 25;
/** Before there is an RTT. */
const INITIAL_ANSWER_MS = 1_000;

/**
 * Probes to an unvalidated address per datagram heard from there. QUIC's bound is three times the bytes (RFC 9000 §8): the answer
 * to a probe takes 62 or 74 of the 165 that 55 bytes allow, a second probe would pass it.
 */
const PROBES_PER_DATAGRAM = 1;
/** As good as infinite; an integer, because counting on from Infinity would allocate a number per datagram. */
const NO_LIMIT = 2 ** 30;

/** Linux: larger than the interface takes; says nothing about the link. */
const EMSGSIZE = 90;
/** Of the loss that calls for copies: at 5 % and 250 packets a second it shows within half a second. */
const FRESH_DATAGRAMS = 128;

/** Outer IP and UDP headers, bytes. */
const OUTER_HEADERS = { 4: 28, 6: 48 } as const;

export type PathTask = 'none' | 'probe' | 'keep-alive' | 'mtu-probe';

export interface PathOptions {
  /** Path id 0..7, chosen by the client. */
  readonly id: number;
  /** Row of the path table. */
  readonly row: number;
  readonly words: Int32Array;
  /** Largest outer packet that the local link takes, bytes. */
  readonly maxMtuBytes: number;
  /** The client keeps idle paths alive. */
  readonly keepsAlive: boolean;
  /** Interface name on the client, '' on the server. */
  readonly interfaceName: string;
}

/** What its owner wants of a path. */
export interface PathWishes {
  /** Carries traffic only when no other path can. */
  readonly backup?: boolean;
  /** Its bytes cost money: it is probed sparsely. */
  readonly metered?: boolean;
  /** Bytes that may still cross it, both ways together, IP headers included; absent = as many as there are. */
  readonly budgetBytes?: number;
}

export function isUsable(state: PathState): boolean {
  return state === 'up' || state === 'suspect';
}

export class Path {
  readonly id: number;
  readonly interfaceName: string;
  state: PathState = 'validating';
  stateSinceMs: number;
  /** Its owner's wishes; at the server as the client tells them. */
  isBackup = false;
  isMetered = false;
  /** The budget is used up: the path carries nothing but sparse probes. */
  isExhausted = false;
  readonly rtt = new RttEstimator();
  readonly lossOut = new LossEstimator();
  readonly lossIn = new LossEstimator();
  /** Loss on the way out that a full path does not explain, of short memory. */
  readonly freshLoss = new LossEstimator(FRESH_DATAGRAMS);
  readonly probes = new ProbeLog();
  budget = new CopyBudget();
  load = new PathLoad();
  /** Packets go over this path and no other. */
  isAlone = false;
  private readonly delivery = new DeliveryRate();
  mtu: PathMtu;
  private readonly mtuDoubt = new MtuDoubt();
  /** This end's outer address as the peer sees it, address words; family 0 = not told yet. */
  readonly observed = new Int32Array(ADDRESS_WORDS);

  receivedDatagrams = 0;
  receivedBytes = 0;
  duplicateDatagrams = 0;
  firstArrivals = 0;

  /** What this end may still send over it. */
  readonly allowance = new Allowance();
  /** Client: what crosses it against what its owner allows. */
  readonly meter = new Meter();
  /** How much longer what arrives is under way than at best. */
  readonly delayIn = new DelayTrend();
  private readonly rateIn = new DeliveryRate();
  /** Of the peer's, as its probes tell. */
  private peerSent = 0;
  private peerReceived = 0;
  private lostInDatagrams = 0;
  /** Handshake messages, which the path table does not count: outer bytes both ways. */
  handshakeBytes = 0;
  /** Client: how often an idle path has to say something. */
  readonly keepAlive = new KeepAliveInterval();
  /** Server: the client asked for a word at this time. */
  private callMs = Number.POSITIVE_INFINITY;
  /** What became of the datagrams that left over it. */
  readonly proof: DeliveryProof;

  /** Last authentic datagram over this path. */
  lastHeardMs: number;
  /** Last datagram that left over this path alone. */
  private reliedOnMs = Number.NEGATIVE_INFINITY;
  private lastProbeMs = Number.NEGATIVE_INFINITY;
  private nextProbeMs: number;
  private retryMs = VALIDATE_PROBE_MS;
  private eagerUntilMs = Number.NEGATIVE_INFINITY;
  private readonly words: Int32Array;
  private readonly at: number;
  private readonly keepsAlive: boolean;
  private readonly maxMtuBytes: number;
  /** Server: probes that may go to an address that never answered; one for each datagram from there (no amplification). */
  private credit: number;

  constructor(options: PathOptions, now: number) {
    this.id = options.id;
    this.interfaceName = options.interfaceName;
    this.words = options.words;
    this.at = options.row * PATH_WORDS;
    this.keepsAlive = options.keepsAlive;
    this.credit = options.keepsAlive ? NO_LIMIT : PROBES_PER_DATAGRAM;
    this.maxMtuBytes = options.maxMtuBytes;
    this.mtu = new PathMtu(options.maxMtuBytes);
    this.proof = new DeliveryProof(now);
    this.stateSinceMs = now;
    this.lastHeardMs = now;
    this.nextProbeMs = now;
  }

  get socket(): number {
    return this.words[this.at + PATH_SOCKET];
  }

  /** Index of the address words in `table`. */
  get addressAt(): number {
    return this.at + PATH_ADDRESS;
  }

  get table(): Int32Array {
    return this.words;
  }

  get family(): 4 | 6 {
    return addressFamily(this.words, this.addressAt) === 6 ? 6 : 4;
  }

  get sentBytes(): number {
    const at = this.at + PATH_SENT_BYTES;
    return (this.words[at] >>> 0) + (this.words[at + 1] >>> 0) * 2 ** 32;
  }

  /** Outer bytes that crossed the path since it was opened, both ways, IP and UDP headers included. */
  get spentBytes(): number {
    const sentBytes = this.sentBytes + this.sentDatagrams * this.outerHeaderBytes;
    const bytes = sentBytes + this.receivedOuterBytes + this.handshakeBytes;
    // What was lost on its way to here may have been paid for.
    const meanBytes = this.receivedDatagrams > 0 ? this.receivedOuterBytes / this.receivedDatagrams : 0;
    return bytes + Math.max(0, this.lostInDatagrams) * meanBytes;
  }

  get receivedOuterBytes(): number {
    return this.receivedBytes + this.receivedDatagrams * this.outerHeaderBytes;
  }

  /** What arrives over it, each way, bytes per second; 0 = unknown or nothing. */
  get ratesPerSecond(): { readonly out: number; readonly in: number } {
    return { out: 1_000 * this.delivery.bytesPerMs, in: 1_000 * this.rateIn.bytesPerMs };
  }

  get failedDatagrams(): number {
    return this.words[this.at + PATH_FAILED] >>> 0;
  }

  get sentDatagrams(): number {
    return this.words[this.at + PATH_SENT] >>> 0;
  }

  get outerHeaderBytes(): number {
    return OUTER_HEADERS[this.family];
  }

  /** Largest datagram (UDP payload) that fits this path, bytes. */
  get datagramBytes(): number {
    return this.mtu.mtuBytes - this.outerHeaderBytes;
  }

  /** True when this row of the table is `words` from `at`, seen through `socket`: the remote end, not the local one. */
  matches(socket: number, words: Int32Array, at: number): boolean {
    return this.socket === socket && sameRemote(this.words, this.addressAt, words, at);
  }

  /** Points the path somewhere else; its counters in the table go on. */
  setAddress(socket: number, words: Int32Array, at: number): void {
    if (!this.matches(socket, words, at)) {
      // Another way: nothing is known of its MTU, and nothing says that the peer is there.
      this.mtu = new PathMtu(this.maxMtuBytes);
      this.proof.beginGap();
      if (!this.keepsAlive) this.credit = PROBES_PER_DATAGRAM;
    }
    this.words[this.at + PATH_SOCKET] = socket;
    copyAddress(words, at, this.words, this.addressAt);
  }

  /** Takes the path out of the table: nothing is sent over it any more. */
  close(): void {
    const words = this.words;
    words.fill(0, this.at, this.at + PATH_WORDS);
    words[this.at + PATH_SOCKET] = -1;
  }

  /** How long an answer may take. */
  get answerMs(): number {
    const rtt = this.rtt;
    return rtt.smoothedMs === null
      ? INITIAL_ANSWER_MS
      : // A queue that fills makes each answer later than the one before.
        Math.max(rtt.smoothedMs, rtt.latestMs ?? 0) + 4 * rtt.variationMs + ANSWER_SLACK_MS;
  }

  /** Silence after which a suspect path is given up. */
  private get patienceMs(): number {
    return Math.max(DOWN_AFTER_MS, this.answerMs);
  }

  handleHeard(now: number): void {
    const rttMs = this.rtt.smoothedMs ?? 0;
    if (this.state === 'suspect' && now - this.lastHeardMs >= OUTAGE_MS + rttMs)
      this.proof.handleSilence(this.lastHeardMs - rttMs, now);
    this.lastHeardMs = now;
    if (this.credit < NO_LIMIT) this.credit += PROBES_PER_DATAGRAM;
    // Something authentic from a path given up: ask at once whether it works both ways.
    if (this.state === 'down' && !this.isExhausted) this.revalidate(now);
    if (this.state !== 'validating') return;
    // The peer is there: long pauses are for those who are not.
    this.retryMs = VALIDATE_PROBE_MS;
    this.nextProbeMs = Math.min(this.nextProbeMs, now + VALIDATE_PROBE_MS);
  }

  /** The peer may not know this path yet: it is asked at once; a path in use stays in use. */
  askNow(now: number): void {
    this.retryMs = VALIDATE_PROBE_MS;
    this.eagerUntilMs = now + EAGER_MS;
    this.nextProbeMs = now;
  }

  /** Starts asking from the beginning: a new address, a link that came back. */
  revalidate(now: number): void {
    this.setState('validating', now);
    this.proof.beginGap();
    this.budget = new CopyBudget();
    this.load = new PathLoad();
    this.probes.clear();
    this.retryMs = VALIDATE_PROBE_MS;
    this.nextProbeMs = now;
  }

  /**
   * An answer to a probe with this token arrived. Returns false when no such probe is under way. Settles RTT, MTU and state.
   */
  handleAnswer(tokenHigh: number, tokenLow: number, now: number): boolean {
    const sentMs = this.probes.settle(tokenHigh, tokenLow);
    if (sentMs < 0) return false;
    this.rtt.handleSample(Math.max(0, now - sentMs));
    this.load.handleRtt(Math.max(0, now - sentMs), this.probes.settledMark, now);
    this.handleSizeAnswered(this.probes.settledSizeBytes, now);
    this.retryMs = VALIDATE_PROBE_MS;
    this.credit = NO_LIMIT;
    // The doubt is settled: questions that were asked in it are no reason for the next one.
    if (this.state === 'suspect') this.probes.clear();
    this.proof.handleProven(sentMs, now);
    this.keepAlive.handleAnswered();
    this.setState('up', now);
    return true;
  }

  /** Bytes of the probe that was answered; 0 = an ordinary one. */
  private handleSizeAnswered(sizeBytes: number, now: number): void {
    if (sizeBytes === 0) return;
    if (this.mtuDoubt.isOpen && sizeBytes >= this.mtu.mtuBytes) this.mtuDoubt.end(now);
    this.mtu.handleAcked(sizeBytes);
  }

  /** The outer size of the padded probe that is due; 0 = none. */
  mtuProbeBytes(now: number): number {
    if (this.mtuDoubt.isDue(now)) return this.mtu.mtuBytes;
    return this.mtuDoubt.isOpen ? 0 : this.mtu.poll(now, this.answerMs);
  }

  /** Large datagrams fall into a black hole when small ones are answered and large ones are not. */
  private judgeMtu(now: number): void {
    if (!this.mtuDoubt.isOver(now, this.answerMs)) return;
    const sinceMs = this.mtuDoubt.end(now);
    if (this.proof.isProvenSince(sinceMs)) this.mtu.lower();
  }

  /** The peer's probe: so many datagrams it had sent over this path, and when by its clock. */
  handlePeerReport(sent: number, stampMicros: number, now: number): void {
    this.delayIn.handleStamps(stampMicros, stampUs(now), now);
    this.rateIn.handleReport(this.receivedDatagrams, this.receivedDatagrams, this.receivedBytes, now);
    this.lossIn.handleReport(sent, this.receivedDatagrams);
    const sentSince = (sent - this.peerSent) | 0;
    const receivedSince = this.receivedDatagrams - this.peerReceived;
    // Otherwise the peer has begun to count anew.
    if (sentSince >= 0 && this.peerSent !== 0) this.lostInDatagrams += sentSince - receivedSince;
    this.peerSent = sent;
    this.peerReceived = this.receivedDatagrams;
  }

  /** The answer's counters: `sent` is this end's as of the probe, `received` the peer's. */
  handleReport(sent: number, received: number, now: number): void {
    this.lossOut.handleReport(sent, received);
    if (this.mtuDoubt.handleReport(sent, received, this.sentBytes, now)) this.nextProbeMs = now;
    const rttMs = this.rtt.latestMs;
    if (rttMs === null) return;
    if (this.delivery.handleReport(received, this.sentDatagrams, this.sentBytes, now)) {
      this.budget.handleReport(rttMs, this.delivery.bytesPerMs, now);
      this.load.handleDelivery(this.delivery.arrivedBytes, now);
    }
    if (this.load.isFull) this.freshLoss.skipReport(sent, received);
    else this.freshLoss.handleReport(sent, received);
  }

  /** The handshake itself went over this path and back. */
  handleHandshake(now: number): void {
    this.lastHeardMs = now;
    this.credit = NO_LIMIT;
    this.probes.clear();
    this.proof.handleProven(Number.NEGATIVE_INFINITY, now);
    this.setState('up', now);
    this.eagerUntilMs = now + EAGER_MS;
    this.nextProbeMs = now;
  }

  /** Where the peer sees this end, address words; elsewhere than before = another way, of whose MTU nothing is known. */
  handleObserved(words: Int32Array): void {
    const isKnown = addressFamily(this.observed, 0) !== 0;
    if (isKnown && !sameRemote(this.observed, 0, words, 0)) this.mtu = new PathMtu(this.maxMtuBytes);
    if (isKnown && !sameHost(this.observed, 0, words, 0)) this.keepAlive.reset();
    copyAddress(words, 0, this.observed, 0);
  }

  /** What is due; a task other than 'none' must be carried out now (and noted with `handleProbeSent`). */
  poll(now: number, active: boolean): PathTask {
    if (this.isExhausted) {
      if (this.state !== 'down') this.giveUp(now);
      return 'none';
    }
    this.judge(now, active);
    if (now >= this.nextProbeMs && this.credit > 0)
      return this.state === 'up' && !this.isWatched(now, active) ? this.idleTask(now) : 'probe';
    if (now >= this.silentAtMs(now) || this.isCalled(now)) return 'probe';
    if (this.state !== 'up') return 'none';
    this.judgeMtu(now);
    return this.mtuProbeBytes(now) > 0 ? 'mtu-probe' : 'none';
  }

  /** Server: the client, which is silent until then, wants to hear from here at that time. */
  callAt(ms: number): void {
    this.callMs = ms;
  }

  private isCalled(now: number): boolean {
    if (now < this.callMs) return false;
    this.callMs = Number.POSITIVE_INFINITY;
    return this.state === 'up';
  }

  /** Client: a keep-alive has left; returns the silence that is to be tried from now on, ms, 0 = none. */
  beginTrial(now: number): number {
    // The table counts when the driver sends: the keep-alive and the request still wait for it.
    const silenceMs = this.keepAlive.beginTrial(this.sentDatagrams + 2, now);
    if (silenceMs > 0) this.nextProbeMs = this.keepAlive.silentUntilMs(this.answerMs);
    return silenceMs;
  }

  /** Client: a question of the server came over this path. */
  handleCalled(now: number): void {
    if (!this.keepAlive.isTrying) return;
    this.keepAlive.handleCalled(this.sentDatagrams, now);
    this.nextProbeMs = now + this.keepAlive.intervalMs;
  }

  /** Datagrams leave over this path alone. True = `dueMs` may have moved. */
  handleReliedOn(now: number): boolean {
    const wasLately = now - this.reliedOnMs < RELY_EVERY_MS;
    if (!wasLately) this.reliedOnMs = now;
    return !wasLately;
  }

  /** When the silence of a path that is relied on becomes a reason to ask; Infinity = it is none. */
  private silentAtMs(now: number): number {
    const isWaiting = this.reliedOnMs > this.lastHeardMs && now - this.reliedOnMs < RELIED_ON_MS;
    if (this.state !== 'up' || this.isMetered || !isWaiting) return Number.POSITIVE_INFINITY;
    const askAfterMs = Math.max(MIN_ASK_AFTER_MS, (this.rtt.smoothedMs ?? INITIAL_ANSWER_MS) / 2);
    return Math.max(this.lastHeardMs, this.lastProbeMs) + askAfterMs;
  }

  handleProbeSent(
    tokenHigh: number,
    tokenLow: number,
    sizeBytes: number,
    now: number,
    active: boolean,
  ): void {
    this.probes.add(tokenHigh, tokenLow, sizeBytes, now, this.load.committedBytes);
    if (sizeBytes > 0) {
      if (this.mtuDoubt.isOpen) this.mtuDoubt.handleSent(now);
      else this.mtu.handleSent(sizeBytes, now);
      return;
    }
    this.credit--;
    this.lastProbeMs = now;
    this.nextProbeMs = now + this.intervalMs(now, active);
  }

  /** When `poll` has to be called next. */
  dueMs(now: number, active: boolean): number {
    if (this.isExhausted) return this.state === 'down' ? Number.POSITIVE_INFINITY : now;
    let due = Math.min(this.callMs, this.credit > 0 ? this.nextProbeMs : Number.POSITIVE_INFINITY);
    const oldest = this.probes.oldestMs();
    if (this.state === 'up') {
      const mtuDueMs = this.mtuDoubt.isOpen
        ? this.mtuDoubt.dueMs(this.answerMs)
        : this.mtu.dueMs(now, this.answerMs);
      due = Math.min(due, oldest + this.answerMs, mtuDueMs, this.silentAtMs(now));
      if (this.wasRefused) due = now;
    }
    if (this.state === 'suspect' && this.probes.unanswered >= DOWN_AFTER_PROBES)
      due = Math.min(due, this.lastHeardMs + this.patienceMs);
    if (active && this.state === 'up') due = Math.min(due, now + ACTIVE_PROBE_MS);
    if (!this.keepsAlive && !active && this.state === 'up')
      due = Math.min(due, this.lastHeardMs + SILENT_AFTER_MS);
    return due;
  }

  /** Traffic began: an idle path is measured again now instead of at the next keep-alive. */
  handleActive(now: number): void {
    this.keepAlive.cancel();
    this.retryMs = VALIDATE_PROBE_MS;
    this.nextProbeMs = Math.min(this.nextProbeMs, now + (isUsable(this.state) ? ACTIVE_PROBE_MS : 0));
  }

  private judge(now: number, active: boolean): void {
    if (!isUsable(this.state)) return;
    const { wasRefused } = this;
    const refused = wasRefused && this.probes.unanswered >= DOWN_AFTER_PROBES;
    // The log of probes is short: on a slow path the one that made it suspect may be forgotten by now.
    if (wasRefused || this.state === 'suspect' || now - this.probes.oldestMs() >= this.answerMs) {
      const heardAgo = now - this.lastHeardMs;
      if (refused || (this.probes.unanswered >= DOWN_AFTER_PROBES && heardAgo >= this.patienceMs))
        this.giveUp(now);
      else if (this.state === 'up') {
        this.setState('suspect', now);
        this.nextProbeMs = Math.min(this.nextProbeMs, now);
      }
    } else if (!this.keepsAlive && !active && now - this.lastHeardMs >= SILENT_AFTER_MS) {
      this.giveUp(now);
    }
    // The interface itself takes less than before.
    if (this.words[this.at + PATH_ERRNO] === EMSGSIZE && this.mtuDoubt.begin(now)) this.nextProbeMs = now;
    this.words[this.at + PATH_ERRNO] = 0;
  }

  /** The system took a datagram for this path for undeliverable: its link is going, or gone. */
  get wasRefused(): boolean {
    const errno = this.words[this.at + PATH_ERRNO];
    return errno !== 0 && errno !== EMSGSIZE;
  }

  private giveUp(now: number): void {
    this.setState('down', now);
    this.proof.beginGap();
    this.retryMs = VALIDATE_PROBE_MS;
    this.nextProbeMs = now;
  }

  private idleTask(now: number): PathTask {
    const { keepAlive } = this;
    const dueMs = this.keepsAlive ? this.lastHeardMs + keepAlive.intervalMs : now + IDLE_RETRY_MS;
    if (this.keepsAlive && (now >= dueMs || keepAlive.isTrying)) {
      keepAlive.handleMissed();
      return 'keep-alive';
    }
    this.nextProbeMs = dueMs;
    return 'none';
  }

  private intervalMs(now: number, active: boolean): number {
    switch (this.state) {
      case 'up':
        if (!this.isWatched(now, active)) return this.keepAlive.intervalMs;
        if (this.isMetered) return METERED_PROBE_MS;
        // Whoever carried the last packets alone carries nothing now.
        if (active && this.isAlone) return this.aloneProbeMs;
        return this.budget.isBusy ? BUSY_PROBE_MS : ACTIVE_PROBE_MS;
      case 'suspect':
        return this.isMetered ? METERED_SUSPECT_PROBE_MS : SUSPECT_PROBE_MS;
      default: {
        const isWatched = this.isWatched(now, active);
        const interval = Math.min(this.retryMs, isWatched ? ACTIVE_RETRY_MS : IDLE_RETRY_MS);
        this.retryMs = 2 * interval;
        return interval;
      }
    }
  }

  private get aloneProbeMs(): number {
    const halfMs = (this.rtt.smoothedMs ?? 0) / 2;
    return Math.min(ACTIVE_PROBE_MS, Math.max(ALONE_PROBE_MIN_MS, halfMs));
  }

  private isWatched(now: number, active: boolean): boolean {
    return active || (this.keepsAlive && now < this.eagerUntilMs);
  }

  private setState(state: PathState, now: number): void {
    if (this.state === state) return;
    if (state === 'up' && !isUsable(this.state)) this.eagerUntilMs = now + EAGER_MS;
    if (state !== 'up') this.keepAlive.cancel();
    this.state = state;
    this.stateSinceMs = now;
  }
}
