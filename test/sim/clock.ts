/**
 * Virtual time. World time is in milliseconds on a grid of 1/8 ms: sums and differences with it are exact in binary, so no
 * rounding error ever makes a timer fire a hair too early.
 */
const TICKS_PER_MS = 8;
/** The next point on the grid that is not before `ms`. */
export function onGrid(ms: number): number {
  return Math.ceil(ms * TICKS_PER_MS) / TICKS_PER_MS;
}

/** Entries of one moment: beyond this something feeds itself. */
const MOMENT_LIMIT = 200_000;

interface Entry {
  readonly atMs: number;
  /** Entries of one moment run in the order in which they were made. */
  readonly order: number;
  readonly run: () => void;
}

/** What happens next, anywhere in the world. */
export class EventQueue {
  private readonly heap: Entry[] = [];
  private order = 0;
  private inMoment = 0;
  /** World time, ms. */
  nowMs = 0;

  at(ms: number, run: () => void): void {
    const heap = this.heap;
    const entry: Entry = { atMs: Math.max(this.nowMs, onGrid(ms)), order: this.order++, run };
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(entry, heap[parent])) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = entry;
  }

  after(ms: number, run: () => void): void {
    this.at(this.nowMs + ms, run);
  }

  /** Runs the next entry unless it lies behind `endMs`; false = nothing left until then. */
  step(endMs: number): boolean {
    const heap = this.heap;
    const first = heap[0];
    if (first === undefined || first.atMs > endMs) {
      this.nowMs = endMs;
      return false;
    }
    const last = heap.pop() as Entry;
    if (heap.length > 0) this.sink(last);
    this.inMoment = first.atMs === this.nowMs ? this.inMoment + 1 : 0;
    if (this.inMoment > MOMENT_LIMIT) throw new Error(`time stands still at ${this.nowMs} ms`);
    this.nowMs = first.atMs;
    first.run();
    return true;
  }

  private sink(entry: Entry): void {
    const heap = this.heap;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++;
      if (!isBefore(heap[child], entry)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = entry;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
