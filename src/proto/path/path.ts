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

import { ADDRESS_WORDS } from '../packet-batch.ts';
import { addressFamily, copyAddress, sameHost, sameRemote } from '../wire/address-words.ts';
import { Allowance } from './allowance.ts';
import { DeliveryProof } from './delivery-proof.ts';
import { Inflow } from './inflow.ts';
import { KeepAliveInterval } from './keep-alive-interval.ts';
import { Meter } from './meter.ts';
import { MtuProbing } from './mtu-probing.ts';
import { Outflow } from './outflow.ts';
import { PathRow } from './path-row.ts';
import { isUsable, type PathState } from './path-state.ts';
import { ProbeLog } from './probe-log.ts';
import { type Asked, IDLE_RETRY_MS, ProbeSchedule } from './probe-schedule.ts';
import { RttEstimator } from './rtt-estimator.ts';

/** Nothing authentic for so long although probes went out: down. Long enough for 30 % loss each way. */
const DOWN_AFTER_MS = 3_000;
const DOWN_AFTER_PROBES = 4;
/** Server, idle: longer than the longest time between keep-alives, with room for repeating one. */
const SILENT_AFTER_MS = 150_000;
/** Silence of this length that ends with an answer was an outage, not a lost answer. */
const OUTAGE_MS = 500;
/** Answer overdue: smoothed RTT plus four deviations plus this scheduling allowance. */
const ANSWER_SLACK_MS = 25;
/** Before there is an RTT; and to a path that was given up. */
const INITIAL_ANSWER_MS = 1_000;
/** Traffic shows a path's state sooner than that. */
const LOOK_EVERY_MS = 250;
/** A probe is no larger, as the driver counts: without outer headers. */
const SMALL_BYTES = 64;

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

export class Path implements Asked {
  readonly id: number;
  readonly interfaceName: string;
  state: PathState = 'validating';
  stateSinceMs: number;
  /** Its owner's wishes; at the server as the client tells them. */
  isBackup = false;
  isMetered = false;
  /** The budget is used up: the path carries nothing but sparse probes. */
  isExhausted = false;
  /** This end's outer address as the peer sees it, address words; family 0 = not told yet. */
  readonly observed = new Int32Array(ADDRESS_WORDS);
  /** Last authentic datagram over this path. */
  lastHeardMs: number;
  /** Handshake messages, which nothing else counts: outer bytes both ways. */
  handshakeBytes = 0;

  readonly row: PathRow;
  readonly rtt = new RttEstimator();
  readonly outflow: Outflow;
  readonly inflow = new Inflow();
  readonly mtu: MtuProbing;
  readonly probes = new ProbeLog();
  readonly schedule: ProbeSchedule;
  /** What became of the datagrams that left over it. */
  readonly proof: DeliveryProof;
  /** What this end may still send over it. */
  allowance = new Allowance();
  /** Client: what crosses it against what its owner allows. */
  readonly meter = new Meter();
  /** Client: how often an idle path has to say something. */
  readonly keepAlive = new KeepAliveInterval();
  private readonly keepsAlive: boolean;
  /** What padded probes have added to the driver's counters, as `largeBytes` counts. */
  private paddedBytes = 0;

  constructor(options: PathOptions, now: number) {
    this.id = options.id;
    this.interfaceName = options.interfaceName;
    this.keepsAlive = options.keepsAlive;
    this.row = new PathRow(options.words, options.row);
    this.outflow = new Outflow(this.row);
    this.mtu = new MtuProbing(options.maxMtuBytes);
    this.schedule = new ProbeSchedule(options.keepsAlive, now);
    this.proof = new DeliveryProof(now);
    this.stateSinceMs = now;
    this.lastHeardMs = now;
  }

  /** Bytes beyond those of small datagrams; the loss of padded probes says nothing new, so they are not among them. */
  private get largeBytes(): number {
    return this.row.sentBytes - SMALL_BYTES * this.row.sentDatagrams - this.paddedBytes;
  }

  /** Outer bytes that crossed the path since it was opened, both ways, IP and UDP headers included. */
  get spentBytes(): number {
    const { row, inflow, receivedOuterBytes } = this;
    const bytes = row.sentOuterBytes + receivedOuterBytes + this.handshakeBytes;
    // What was lost on its way to here may have been paid for.
    const meanBytes = inflow.datagrams > 0 ? receivedOuterBytes / inflow.datagrams : 0;
    return bytes + inflow.lostDatagrams * meanBytes;
  }

  get receivedOuterBytes(): number {
    return this.inflow.bytes + this.inflow.datagrams * this.row.outerHeaderBytes;
  }

  /** Largest datagram (UDP payload) that fits this path, bytes. */
  get datagramBytes(): number {
    return this.mtu.mtuBytes - this.row.outerHeaderBytes;
  }

  get isBusy(): boolean {
    return this.outflow.budget.isBusy;
  }

  get keepAliveMs(): number {
    return this.keepAlive.intervalMs;
  }

  /** Points the path somewhere else; its counters in the table go on. */
  setAddress(socket: number, words: Int32Array, at: number): void {
    if (!this.row.matches(socket, words, at)) {
      // Another way: nothing is known of its MTU, and nothing says that the peer is there.
      this.mtu.reset();
      this.proof.beginGap();
      this.schedule.handleMoved();
    }
    this.row.setAddress(socket, words, at);
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

  // Inputs

  handleHeard(now: number): void {
    const rttMs = this.rtt.smoothedMs ?? 0;
    if (this.state === 'suspect' && now - this.lastHeardMs >= OUTAGE_MS + rttMs)
      this.proof.handleSilence(this.lastHeardMs - rttMs, now);
    this.lastHeardMs = now;
    // Something authentic from a path given up: ask at once whether it works both ways, unless this is the answer to that.
    if (this.state === 'down' && !this.isExhausted) {
      this.probes.forgetBefore(now - Math.max(INITIAL_ANSWER_MS, this.answerMs));
      this.beginAnew(now);
    }
    this.schedule.handleHeard(this.state, now);
  }

  /**
   * An answer to a probe with this token arrived. Returns false when no such probe is under way. Settles RTT, MTU and state.
   */
  handleAnswer(tokenHigh: number, tokenLow: number, now: number): boolean {
    const sentMs = this.probes.settle(tokenHigh, tokenLow);
    if (sentMs < 0) return false;
    const { settledCommittedBytes, settledSizeBytes } = this.probes;
    const rttMs = Math.max(0, now - sentMs);
    this.rtt.handleSample(rttMs);
    this.outflow.load.handleRtt(rttMs, settledCommittedBytes, now);
    if (settledSizeBytes > 0) this.mtu.handleAnswered(settledSizeBytes, now);
    this.schedule.handleValidated();
    // The doubt is settled: questions that were asked in it are no reason for the next one.
    if (this.state === 'suspect') this.probes.clear();
    this.proof.handleProven(sentMs, now);
    this.keepAlive.handleAnswered();
    this.setState('up', now);
    return true;
  }

  /** The answer's counters: `sent` is this end's as of the probe, `received` the peer's. */
  handleReport(sent: number, received: number, now: number): void {
    if (this.mtu.handleReport(sent, received, this.probes.settledLargeBytes, now)) this.schedule.askAt(now);
    this.outflow.handleReport(sent, received, this.rtt.latestMs, now);
  }

  /** The handshake itself went over this path and back. */
  handleHandshake(now: number): void {
    this.lastHeardMs = now;
    this.probes.clear();
    this.proof.handleProven(Number.NEGATIVE_INFINITY, now);
    this.schedule.handleValidated();
    this.setState('up', now);
    this.schedule.beEager(now);
    this.schedule.askAt(now);
  }

  /** Where the peer sees this end, address words; elsewhere than before = another way, of whose MTU nothing is known. */
  handleObserved(words: Int32Array): void {
    const isKnown = addressFamily(this.observed, 0) !== 0;
    if (isKnown && !sameRemote(this.observed, 0, words, 0)) this.mtu.reset();
    if (isKnown && !sameHost(this.observed, 0, words, 0)) this.keepAlive.reset();
    copyAddress(words, 0, this.observed, 0);
  }

  /** Client: a question of the server came over this path. */
  handleAsked(now: number): void {
    this.schedule.handleAsked(this, now);
    if (!this.keepAlive.isTrying) return;
    this.keepAlive.handleCalled(this.row.sentDatagrams, now);
    this.schedule.askAt(now + this.keepAlive.intervalMs);
  }

  /** Traffic began: an idle path is measured again now instead of at the next keep-alive. */
  handleActive(now: number): void {
    this.keepAlive.cancel();
    this.schedule.handleActive(this.state, now);
  }

  handleProbeSent(
    tokenHigh: number,
    tokenLow: number,
    sizeBytes: number,
    now: number,
    active: boolean,
  ): void {
    const { committedBytes } = this.outflow.load;
    this.probes.add(tokenHigh, tokenLow, sizeBytes, now, committedBytes, this.largeBytes);
    if (sizeBytes === 0) {
      this.schedule.handleSent(this, active, now);
      return;
    }
    this.paddedBytes += sizeBytes - this.row.outerHeaderBytes - SMALL_BYTES;
    this.mtu.handleSent(sizeBytes, now);
  }

  // Commands

  /** The peer may not know this path yet: it is asked at once; a path in use stays in use. */
  askNow(now: number): void {
    this.schedule.restart(now);
    this.schedule.beEager(now);
  }

  /** Starts asking from the beginning: a new address, a link that came back. */
  revalidate(now: number): void {
    this.probes.clear();
    this.beginAnew(now);
  }

  /** Client: a keep-alive has left; returns the silence that is to be tried from now on, ms, 0 = none. */
  beginTrial(now: number): number {
    // The table counts when the driver sends: the keep-alive and the request still wait for it.
    const silenceMs = this.keepAlive.beginTrial(this.row.sentDatagrams + 2, now);
    if (silenceMs > 0) this.schedule.askAt(this.keepAlive.silentUntilMs(this.answerMs));
    return silenceMs;
  }

  // Outputs

  /** What is due; a task other than 'none' must be carried out now (and noted with `handleProbeSent`). */
  poll(now: number, active: boolean): PathTask {
    if (this.isExhausted) {
      if (this.state !== 'down') this.giveUp(now);
      return 'none';
    }
    this.judge(now, active);
    const { schedule } = this;
    if (schedule.isDue(now))
      return this.state === 'up' && !schedule.isWatched(active, now) ? this.idleTask(now) : 'probe';
    if (schedule.isUrgent(this, now)) return 'probe';
    if (this.state !== 'up') return 'none';
    if (this.mtu.judge(this.proof, now, this.answerMs)) return 'probe';
    return this.mtuProbeBytes(now, active) > 0 ? 'mtu-probe' : 'none';
  }

  /** The outer size of the padded probe that is due; 0 = none. */
  mtuProbeBytes(now: number, active: boolean): number {
    return this.mtu.poll(now, this.answerMs, active);
  }

  /** When `poll` has to be called next. */
  dueMs(now: number, active: boolean): number {
    if (this.isExhausted) return this.state === 'down' ? Number.POSITIVE_INFINITY : now;
    let due = this.schedule.dueMs(this, now);
    if (this.state === 'up') {
      if (this.row.wasRefused) due = now;
      if (active) due = Math.min(due, now + LOOK_EVERY_MS);
      else if (!this.keepsAlive) due = Math.min(due, this.lastHeardMs + SILENT_AFTER_MS);
      return Math.min(
        due,
        this.probes.oldestMs() + this.answerMs,
        this.mtu.dueMs(now, this.answerMs, active),
      );
    }
    if (this.state === 'suspect' && this.probes.unanswered >= DOWN_AFTER_PROBES)
      due = Math.min(due, this.lastHeardMs + this.patienceMs);
    return due;
  }

  private judge(now: number, active: boolean): void {
    if (!isUsable(this.state)) return;
    const { wasRefused } = this.row;
    const refused = wasRefused && this.probes.unanswered >= DOWN_AFTER_PROBES;
    // The log of probes is short: on a slow path the one that made it suspect may be forgotten by now.
    if (wasRefused || this.state === 'suspect' || now - this.probes.oldestMs() >= this.answerMs) {
      const heardAgo = now - this.lastHeardMs;
      if (refused || (this.probes.unanswered >= DOWN_AFTER_PROBES && heardAgo >= this.patienceMs))
        this.giveUp(now);
      else if (this.state === 'up') {
        this.setState('suspect', now);
        this.schedule.askAt(now);
      }
    } else if (!this.keepsAlive && !active && now - this.lastHeardMs >= SILENT_AFTER_MS) {
      this.giveUp(now);
    }
    if (this.row.wasTooBig && this.mtu.handleTooBig(now)) this.schedule.askAt(now);
    this.row.forgetErrno();
  }

  private beginAnew(now: number): void {
    this.setState('validating', now);
    this.proof.beginGap();
    this.outflow.reset();
    this.schedule.restart(now);
  }

  private giveUp(now: number): void {
    this.setState('down', now);
    this.proof.beginGap();
    this.schedule.restart(now);
  }

  private idleTask(now: number): PathTask {
    const { keepAlive } = this;
    const dueMs = this.keepsAlive ? this.lastHeardMs + keepAlive.intervalMs : now + IDLE_RETRY_MS;
    if (this.keepsAlive && (now >= dueMs || keepAlive.isTrying)) {
      keepAlive.handleMissed();
      return 'keep-alive';
    }
    this.schedule.askAt(dueMs);
    return 'none';
  }

  /** A path that is used up stays down, whatever still answers. */
  private setState(state: PathState, now: number): void {
    if (this.state === state || (state === 'up' && this.isExhausted)) return;
    if (state === 'up' && !isUsable(this.state)) this.schedule.beEager(now);
    if (state !== 'up') this.keepAlive.cancel();
    this.state = state;
    this.stateSinceMs = now;
  }
}
