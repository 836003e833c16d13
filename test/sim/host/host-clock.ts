/**
 * The clocks of one machine, and the timers of its process. The monotonic clock stands still while the machine sleeps and never
 * goes back; the wall clock may.
 */
import type { Clock } from '../../../src/engine/clock.ts';
import { type EventQueue, onGrid } from '../clock.ts';

/** Where the wall clocks of the world stand at the start of a run, milliseconds since the epoch. */
export const WORLD_EPOCH_MS = 1_750_000_000_000;
/** What a monotonic clock shows when the machine has booted. */
const BOOTED_MS = 1_000;

interface Timer {
  /** On the monotonic clock. */
  readonly dueMs: number;
  readonly run: () => void;
  /** Counts how often it was placed: only the last place counts. */
  placed: number;
}

export class HostClock implements Clock {
  private offsetMs: number;
  private sleepsSinceMs = -1;
  /** World time until which the process is stopped. */
  frozenUntilMs = 0;
  private readonly timers = new Set<Timer>();
  /** Runs what a timer calls. */
  onTimer: (run: () => void) => void = (run) => run();

  constructor(
    private readonly queue: EventQueue,
    startMs: number,
    private wallOffsetMs: number,
  ) {
    this.offsetMs = onGrid(startMs) - queue.nowMs;
  }

  get nowMs(): number {
    const world = this.sleepsSinceMs >= 0 ? this.sleepsSinceMs : this.queue.nowMs;
    return world + this.offsetMs;
  }

  get wallMs(): number {
    return this.queue.nowMs + this.wallOffsetMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { dueMs: this.nowMs + delayMs, run, placed: 0 };
    this.timers.add(timer);
    this.place(timer);
    return () => this.timers.delete(timer);
  }

  /** The process is gone, and its timers with it. */
  clearTimers(): void {
    this.timers.clear();
  }

  get sleeps(): boolean {
    return this.sleepsSinceMs >= 0;
  }

  sleep(): void {
    if (!this.sleeps) this.sleepsSinceMs = this.queue.nowMs;
  }

  wake(): void {
    if (!this.sleeps) return;
    this.offsetMs -= this.queue.nowMs - this.sleepsSinceMs;
    this.sleepsSinceMs = -1;
    this.placeAll();
  }

  get isFrozen(): boolean {
    return this.queue.nowMs < this.frozenUntilMs;
  }

  /** The process is stopped; time goes on. */
  freeze(forMs: number): void {
    this.frozenUntilMs = Math.max(this.frozenUntilMs, onGrid(this.queue.nowMs + forMs));
  }

  /** The machine was paused without knowing it (monotonic, forward only), or somebody set the wall clock. */
  jump(monotonicMs: number, wallMs: number): void {
    this.offsetMs += onGrid(Math.max(0, monotonicMs));
    this.wallOffsetMs += wallMs;
    this.placeAll();
  }

  /** After a reboot the monotonic clock starts near 0. */
  reboot(): void {
    this.sleepsSinceMs = -1;
    this.offsetMs = BOOTED_MS - this.queue.nowMs;
  }

  private placeAll(): void {
    for (const timer of this.timers) this.place(timer);
  }

  private place(timer: Timer): void {
    const placed = ++timer.placed;
    const { queue } = this;
    // setTimeout never fires within the same millisecond.
    const atMs = Math.max(queue.nowMs + 1, this.frozenUntilMs, timer.dueMs - this.offsetMs);
    queue.at(atMs, () => {
      // A machine that wakes places its timers anew.
      if (placed !== timer.placed || this.sleeps || !this.timers.has(timer)) return;
      if (this.isFrozen) {
        this.place(timer);
        return;
      }
      this.timers.delete(timer);
      this.onTimer(timer.run);
    });
  }
}
