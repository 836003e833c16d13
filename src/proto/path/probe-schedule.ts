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
/** While an answer is overdue, to know soon. */
const SUSPECT_PROBE_MS = 100;
/** First repetition towards a path that never answered; doubles up to the cap. */
const VALIDATE_PROBE_MS = 200;
/**
 * Client: so long after a path came up it is asked although nothing is to be sent, for the server validates it only while it hears from
 * there; ever more rarely, until a question of the server shows that it still does not know.
 */
const EAGER_MS = 3_000;
/** Cap while there is traffic: a link that returns carries copies again within a second. */
const ACTIVE_RETRY_MS = 500;
/** Cap while nothing is to be sent. */
export const IDLE_RETRY_MS = 25_000;
/**
 * Bounds of half a round trip, after which a path is asked that datagrams leave over alone: so its death is known 1.5 round trips and
 * 50 ms later, and the last of them is followed by a question that vouches for it.
 */
const MIN_ASK_AFTER_MS = 20;
const MAX_ASK_AFTER_MS = 250;
/** So long after the last of them. */
const RELIED_ON_MS = 1_000;
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
  /** The policy has packets leave over this path alone although there is another: it is asked even while something arrives. */
  isAlone = false;
  private nextMs: number;
  private lastMs = Number.NEGATIVE_INFINITY;
  private retryMs = VALIDATE_PROBE_MS;
  private eagerUntilMs = Number.NEGATIVE_INFINITY;
  /** Until the next probe of a path that came up and carries nothing; doubles. */
  private eagerMs = ACTIVE_PROBE_MS;
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

  /** The peer asks: as long as it cannot be sure of a path it does so only when it hears from there. */
  handleAsked({ isMetered }: Asked, now: number): void {
    if (isMetered || now >= this.eagerUntilMs) return;
    this.eagerMs = ACTIVE_PROBE_MS;
    this.nextMs = Math.min(this.nextMs, now + ACTIVE_PROBE_MS);
  }

  /** Traffic began. */
  handleActive(state: PathState, now: number): void {
    this.retryMs = VALIDATE_PROBE_MS;
    this.nextMs = Math.min(this.nextMs, now + (isUsable(state) ? ACTIVE_PROBE_MS : 0));
  }

  /** A datagram leaves over this path alone. True = `dueMs` may have moved. */
  handleReliedOn(now: number): boolean {
    const isNoted = now - this.reliedOnMs < RELY_EVERY_MS && this.reliedOnMs > this.lastMs;
    if (!isNoted) this.reliedOnMs = now;
    return !isNoted;
  }

  /** A copy was left out because nothing says yet that it fits: an answer would, once in a round trip. True = `dueMs` may have moved. */
  handleLeftOut({ isMetered, rtt }: Asked): boolean {
    const soonMs =
      this.lastMs + Math.min(BUSY_PROBE_MS, Math.max(MIN_ASK_AFTER_MS, rtt.smoothedMs ?? BUSY_PROBE_MS));
    if (isMetered || this.nextMs <= soonMs) return false;
    this.nextMs = soonMs;
    return true;
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

  /** For a while although nothing is to be sent. */
  beEager(now: number): void {
    this.eagerUntilMs = now + EAGER_MS;
    this.eagerMs = ACTIVE_PROBE_MS;
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
    return now >= this.reliedAtMs(path, now) || this.isCalled(path.state, now);
  }

  /** When one of the above has to be asked next. */
  dueMs(path: Asked, now: number): number {
    const turnMs = this.credit > 0 ? this.nextMs : Number.POSITIVE_INFINITY;
    return Math.min(this.callMs, turnMs, this.reliedAtMs(path, now));
  }

  private isCalled(state: PathState, now: number): boolean {
    if (now < this.callMs) return false;
    this.callMs = Number.POSITIVE_INFINITY;
    return state === 'up';
  }

  /**
   * When a path that is relied on is asked; Infinity = it is not relied on, or was asked, and something came. Where it is not so by
   * choice, whatever arrives saves the question.
   */
  private reliedAtMs({ state, isMetered, lastHeardMs, rtt }: Asked, now: number): number {
    if (state !== 'up' || isMetered) return Number.POSITIVE_INFINITY;
    const isUnasked = this.isAlone && this.reliedOnMs > this.lastMs;
    const isUnanswered = this.reliedOnMs > lastHeardMs && now - this.reliedOnMs < RELIED_ON_MS;
    if (!isUnasked && !isUnanswered) return Number.POSITIVE_INFINITY;
    const halfMs = (rtt.smoothedMs ?? Number.POSITIVE_INFINITY) / 2;
    const askAfterMs = Math.min(MAX_ASK_AFTER_MS, Math.max(MIN_ASK_AFTER_MS, halfMs));
    return (isUnasked ? this.lastMs : Math.max(this.lastMs, lastHeardMs)) + askAfterMs;
  }

  private intervalMs(path: Asked, active: boolean, now: number): number {
    const isWatched = this.isWatched(active, now);
    switch (path.state) {
      case 'up':
        if (!isWatched) return path.keepAliveMs;
        if (path.isMetered) return METERED_PROBE_MS;
        if (active) return path.isBusy ? BUSY_PROBE_MS : ACTIVE_PROBE_MS;
        this.eagerMs *= 2;
        return this.eagerMs / 2;
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
