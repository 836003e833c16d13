/** Collects the time that stages take, per packet. */
import { percentile } from '../statistics.ts';

export interface StageTime {
  /** Nanoseconds per packet. */
  readonly medianNs: number;
  readonly lowNs: number;
  readonly highNs: number;
}

/** A round outside of these met the garbage collector or another process. */
const LOW_PERCENTILE = 5;
const HIGH_PERCENTILE = 95;

export class Stopwatch {
  private readonly rounds = new Map<string, number[]>();
  private sumMs = 0;

  /** Adds to the stage's time in this round. */
  time<T>(work: () => T): T {
    const startedMs = performance.now();
    const result = work();
    this.sumMs += performance.now() - startedMs;
    return result;
  }

  /** The stage is over for this round: what `time` added up was spent on `packets`. */
  lap(stage: string, packets: number): void {
    const rounds = this.rounds.get(stage) ?? [];
    rounds.push((this.sumMs * 1e6) / packets);
    this.rounds.set(stage, rounds);
    this.sumMs = 0;
  }

  /** Forgets what `time` added up. */
  discard(): void {
    this.sumMs = 0;
  }

  /** In the order of the first laps. */
  results(): ReadonlyMap<string, StageTime> {
    return new Map([...this.rounds].map(([stage, rounds]) => [stage, summary(rounds)]));
  }
}

function summary(rounds: readonly number[]): StageTime {
  return {
    medianNs: percentile(rounds, 50),
    lowNs: percentile(rounds, LOW_PERCENTILE),
    highNs: percentile(rounds, HIGH_PERCENTILE),
  };
}
