import { performance } from 'node:perf_hooks';

/** Time as the engine sees it: the one place that reads it in production, and what the simulator puts in its stead. */
export interface Clock {
  /** Milliseconds; monotonic. */
  readonly nowMs: number;
  /** Milliseconds since the epoch, as this machine believes. */
  readonly wallMs: number;
  /** Calls back once, about `delayMs` from now (at once where that is over); what it returns takes it back. */
  after(delayMs: number, run: () => void): () => void;
}

/** setTimeout takes more for zero. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  get nowMs() {
    return performance.now();
  },
  get wallMs() {
    return Date.now();
  },
  after(delayMs, run) {
    const timer = setTimeout(run, Math.min(Math.max(0, delayMs), LONGEST_DELAY_MS));
    return () => clearTimeout(timer);
  },
};
