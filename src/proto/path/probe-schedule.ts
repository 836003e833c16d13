/**
 * When a path is asked next. Three reasons: its turn has come (how often, depends on its state and on what it carries), it is
 * relied on and silent, or the peer wishes to be called. To an address that never answered goes no more than it has paid for.
 */
import type { PathState } from './path-state.ts';
import { isUsable } from './path-state.ts';
import type { RttEstimator } from './rtt-estimator.ts';

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
export const IDLE_RETRY_MS = 25_000;
/**
 * While datagrams leave over this path alone and nothing comes back for half a round trip, it is asked: so its death is known
 * 1.5 round trips and a little later. Whatever arrives saves the question.
 */
const RELIED_ON_MS = 1_000;
const MIN_ASK_AFTER_MS = 15;
/** Half of what is assumed before there is a round-trip time. */
const INITIAL_ASK_AFTER_MS = 500;
/** Sends come in batches; the timer need not hear of each. */
const RELY_EVERY_MS = 10;
/**
 * Probes to an unvalidated address per datagram heard from there. QUIC's bound is three times the bytes (RFC 9000 §8): the answer
 * to a probe takes 62 or 74 of the 165 that 55 bytes allow, a second probe would pass it.
 */
const PROBES_PER_DATAGRAM = 1;
/** As good as infinite; an integer, because counting on from Infinity would allocate a number per datagram. */
const NO_LIMIT = 2 ** 30;

/** What the schedule has to know of its path. */
export interface Asked {
  readonly state: PathState;
  /** Its bytes cost money. */
  readonly isMetered: boolean;
  readonly rtt: RttEstimator;
  /** Last authentic datagram over it. */
  readonly lastHeardMs: number;
  /** It is being found out how much it takes. */
  readonly isBusy: boolean;
  /** How often it has to say something when idle. */
  readonly keepAliveMs: number;
}

export class ProbeSchedule {
  /** Packets go over this path and no other. */
  isAlone = false;
  private nextMs: number;
  private lastMs = Number.NEGATIVE_INFINITY;
  private retryMs = VALIDATE_PROBE_MS;
  private eagerUntilMs = Number.NEGATIVE_INFINITY;
  /** Last datagram that left over this path alone. */
  private reliedOnMs = Number.NEGATIVE_INFINITY;
  /** Server: the client asked for a word at this time. */
  private callMs = Number.POSITIVE_INFINITY;
  /** Server: probes that may go to an address that never answered; one for each datagram from there (no amplification). */
  private credit: number;

  /** `isClient`: it chose the address itself, and keeps idle paths alive. */
  constructor(
    private readonly isClient: boolean,
    now: number,
  ) {
    this.credit = isClient ? NO_LIMIT : PROBES_PER_DATAGRAM;
    this.nextMs = now;
  }

  // Inputs

  /** The path leads elsewhere. */
  handleMoved(): void {
    if (!this.isClient) this.credit = PROBES_PER_DATAGRAM;
  }

  /** Something authentic came from there. */
  handleHeard(state: PathState, now: number): void {
    if (this.credit < NO_LIMIT) this.credit += PROBES_PER_DATAGRAM;
    if (state !== 'validating') return;
    // The peer is there: long pauses are for those who are not.
    this.retryMs = VALIDATE_PROBE_MS;
    this.nextMs = Math.min(this.nextMs, now + VALIDATE_PROBE_MS);
  }

  /** The address is the peer's. */
  handleValidated(): void {
    this.retryMs = VALIDATE_PROBE_MS;
    this.credit = NO_LIMIT;
  }

  /** Traffic began. */
  handleActive(state: PathState, now: number): void {
    this.retryMs = VALIDATE_PROBE_MS;
    this.nextMs = Math.min(this.nextMs, now + (isUsable(state) ? ACTIVE_PROBE_MS : 0));
  }

  /** A datagram leaves over this path alone. True = `dueMs` may have moved. */
  handleReliedOn(now: number): boolean {
    const wasLately = now - this.reliedOnMs < RELY_EVERY_MS;
    if (!wasLately) this.reliedOnMs = now;
    return !wasLately;
  }

  /** An ordinary probe or a keep-alive has left. */
  handleSent(path: Asked, active: boolean, now: number): void {
    this.credit--;
    this.lastMs = now;
    this.nextMs = now + this.intervalMs(path, active, now);
  }

  // Commands

  askAt(ms: number): void {
    this.nextMs = ms;
  }

  /** From the beginning, with short pauses. */
  restart(now: number): void {
    this.retryMs = VALIDATE_PROBE_MS;
    this.nextMs = now;
  }

  /** For a while as under traffic. */
  beEager(now: number): void {
    this.eagerUntilMs = now + EAGER_MS;
  }

  /** Server: the client, which is silent until then, wants to hear from here at that time. */
  callAt(ms: number): void {
    this.callMs = ms;
  }

  // Outputs

  isWatched(active: boolean, now: number): boolean {
    return active || (this.isClient && now < this.eagerUntilMs);
  }

  /** Its turn has come. */
  isDue(now: number): boolean {
    return now >= this.nextMs && this.credit > 0;
  }

  /** Relied on and silent, or to be called. */
  isUrgent(path: Asked, now: number): boolean {
    return now >= this.silentAtMs(path, now) || this.isCalled(path.state, now);
  }

  /** When one of the above has to be asked next. */
  dueMs(path: Asked, now: number): number {
    const turnMs = this.credit > 0 ? this.nextMs : Number.POSITIVE_INFINITY;
    return Math.min(this.callMs, turnMs, this.silentAtMs(path, now));
  }

  private isCalled(state: PathState, now: number): boolean {
    if (now < this.callMs) return false;
    this.callMs = Number.POSITIVE_INFINITY;
    return state === 'up';
  }

  /** When the silence of a path that is relied on becomes a reason to ask; Infinity = it is none. */
  private silentAtMs({ state, isMetered, lastHeardMs, rtt }: Asked, now: number): number {
    const isWaiting = this.reliedOnMs > lastHeardMs && now - this.reliedOnMs < RELIED_ON_MS;
    if (state !== 'up' || isMetered || !isWaiting) return Number.POSITIVE_INFINITY;
    const halfMs = rtt.smoothedMs === null ? INITIAL_ASK_AFTER_MS : rtt.smoothedMs / 2;
    return Math.max(lastHeardMs, this.lastMs) + Math.max(MIN_ASK_AFTER_MS, halfMs);
  }

  private intervalMs(path: Asked, active: boolean, now: number): number {
    const isWatched = this.isWatched(active, now);
    switch (path.state) {
      case 'up':
        if (!isWatched) return path.keepAliveMs;
        if (path.isMetered) return METERED_PROBE_MS;
        // Whoever carried the last packets alone carries nothing now.
        if (active && this.isAlone) return aloneProbeMs(path.rtt);
        return path.isBusy ? BUSY_PROBE_MS : ACTIVE_PROBE_MS;
      case 'suspect':
        return path.isMetered ? METERED_SUSPECT_PROBE_MS : SUSPECT_PROBE_MS;
      default: {
        const interval = Math.min(this.retryMs, isWatched ? ACTIVE_RETRY_MS : IDLE_RETRY_MS);
        this.retryMs = 2 * interval;
        return interval;
      }
    }
  }
}

function aloneProbeMs({ smoothedMs }: RttEstimator): number {
  return Math.min(ACTIVE_PROBE_MS, Math.max(ALONE_PROBE_MIN_MS, (smoothedMs ?? 0) / 2));
}
