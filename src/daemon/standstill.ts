/**
 * Notices that the machine slept, or that this process stood still: links, addresses and the server's patience may have run out
 * meanwhile, and nobody has told.
 *
 * Suspended, CLOCK_BOOTTIME goes on and CLOCK_MONOTONIC does not: their difference grows. Stopped (a frozen container, a paused
 * virtual machine, SIGSTOP), both go on, and the next tick comes late. The wall clock is not asked: it jumps for reasons of its own.
 */
import { readFileSync } from 'node:fs';

export interface StandstillClock {
  /** CLOCK_MONOTONIC, milliseconds. */
  monotonicMs(): number;
  /** CLOCK_BOOTTIME, milliseconds. */
  bootMs(): number;
}

/** A look costs microseconds; a machine that woke waits at most so long for it, unless its links say something first. */
const TICK_MS = 1_000;
/** `/proc/uptime` has hundredths of a second, and no machine sleeps for less than this. */
const MIN_SLEEP_MS = 300;
/** A busy machine is late by less. Paths are given up after silences of this order. */
const MIN_STOP_MS = 3_000;

export const systemClock: StandstillClock = {
  monotonicMs: () => performance.now(),
  bootMs: () => 1_000 * Number(readFileSync('/proc/uptime', 'utf8').split(' ', 1)[0]),
};

export type Standstill = { kind: 'slept' | 'stopped'; forMs: number };

export class StandstillWatch {
  #monotonicMs: number;
  #aheadMs: number;
  readonly #timer: NodeJS.Timeout;

  constructor(
    private readonly onStandstill: (standstill: Standstill) => void,
    private readonly clock: StandstillClock = systemClock,
  ) {
    this.#monotonicMs = clock.monotonicMs();
    this.#aheadMs = clock.bootMs() - this.#monotonicMs;
    this.#timer = setInterval(() => this.check(), TICK_MS);
    this.#timer.unref();
  }

  /** Looks now: a link that says something may be the first sign of having slept. */
  check(): void {
    const monotonicMs = this.clock.monotonicMs();
    const aheadMs = this.clock.bootMs() - monotonicMs;
    const sleptMs = aheadMs - this.#aheadMs;
    const lateMs = monotonicMs - this.#monotonicMs - TICK_MS;
    this.#monotonicMs = monotonicMs;
    this.#aheadMs = aheadMs;
    if (sleptMs >= MIN_SLEEP_MS) this.onStandstill({ kind: 'slept', forMs: Math.round(sleptMs) });
    else if (lateMs >= MIN_STOP_MS) this.onStandstill({ kind: 'stopped', forMs: Math.round(lateMs) });
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
