/**
 * Deadlines of many owners in one binary heap, each owner at most once. The core is driven by the earliest one.
 * An owner carries its own place in the heap, so that re-arming is O(log n) and allocates nothing.
 */
export interface TimerOwner {
  /** Milliseconds, the core's clock; set by the queue. */
  dueMs: number;
  /** Index in the heap, -1 = not armed; set by the queue. */
  heapIndex: number;
}

export class TimerQueue<Owner extends TimerOwner> {
  private readonly heap: Owner[] = [];

  get size(): number {
    return this.heap.length;
  }

  /** The earliest deadline; Infinity = none. */
  get nextMs(): number {
    return this.heap.length > 0 ? this.heap[0].dueMs : Number.POSITIVE_INFINITY;
  }

  /** Arms, moves or (Infinity) disarms. */
  arm(owner: Owner, dueMs: number): void {
    if (dueMs === Number.POSITIVE_INFINITY) {
      this.disarm(owner);
      return;
    }
    owner.dueMs = dueMs;
    if (owner.heapIndex < 0) {
      owner.heapIndex = this.heap.length;
      this.heap.push(owner);
    }
    this.settle(owner.heapIndex);
  }

  disarm(owner: Owner): void {
    const at = owner.heapIndex;
    if (at < 0) return;
    owner.heapIndex = -1;
    const last = this.heap.pop() as Owner;
    if (last === owner) return;
    this.heap[at] = last;
    last.heapIndex = at;
    this.settle(at);
  }

  /** Removes and returns an owner whose deadline has passed, or null. */
  take(now: number): Owner | null {
    const first = this.heap[0];
    if (first === undefined || first.dueMs > now) return null;
    this.disarm(first);
    return first;
  }

  private settle(start: number): void {
    const heap = this.heap;
    const owner = heap[start];
    let at = start;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent].dueMs <= owner.dueMs) break;
      heap[at] = heap[parent];
      heap[at].heapIndex = at;
      at = parent;
    }
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1].dueMs < heap[child].dueMs) child++;
      if (heap[child].dueMs >= owner.dueMs) break;
      heap[at] = heap[child];
      heap[at].heapIndex = at;
      at = child;
    }
    heap[at] = owner;
    owner.heapIndex = at;
  }
}
