/**
 * Probes under way on one path, oldest first. An answer settles its probe and all older ones: what was sent before an
 * answered probe and is still unanswered is lost, not late.
 */
const CAPACITY = 32;

export class ProbeLog {
  private readonly high = new Int32Array(CAPACITY);
  private readonly low = new Int32Array(CAPACITY);
  private readonly sentMs = new Float64Array(CAPACITY);
  /** Outer packet size that the probe tests, 0 = an ordinary probe. */
  private readonly sizes = new Int32Array(CAPACITY);
  /** What the caller had counted when the probe left. */
  private readonly marks = new Float64Array(CAPACITY);
  private head = 0;
  private count = 0;
  /** When the oldest unanswered ordinary probe left that found no room here any more; Infinity = none. */
  private forgottenMs = Number.POSITIVE_INFINITY;
  /** Size of the probe that `settle` found last. */
  settledSizeBytes = 0;
  /** Mark of that probe. */
  settledMark = 0;
  /** Probes sent since the last answer. */
  unanswered = 0;

  /** When the oldest unanswered ordinary probe left; Infinity = all answered. */
  oldestMs(): number {
    if (this.forgottenMs !== Number.POSITIVE_INFINITY) return this.forgottenMs;
    for (let i = 0; i < this.count; i++) {
      const at = (this.head + i) % CAPACITY;
      if (this.sizes[at] === 0) return this.sentMs[at];
    }
    return Number.POSITIVE_INFINITY;
  }

  /** A token of two int32 words; the oldest probe is forgotten when the log is full. */
  add(high: number, low: number, sizeBytes: number, now: number, mark = 0): void {
    if (this.count === CAPACITY) {
      // Its answer is not known any more, its silence is.
      if (this.sizes[this.head] === 0) this.forgottenMs = Math.min(this.forgottenMs, this.sentMs[this.head]);
      this.head = (this.head + 1) % CAPACITY;
      this.count--;
    }
    const at = (this.head + this.count++) % CAPACITY;
    this.high[at] = high;
    this.low[at] = low;
    this.sentMs[at] = now;
    this.sizes[at] = sizeBytes;
    this.marks[at] = mark;
    // A size probe that is lost says something about the size, not about the path.
    if (sizeBytes === 0) this.unanswered++;
  }

  /** When the probe with this token left, or -1 when there is none: then the answer proves nothing. */
  settle(high: number, low: number): number {
    for (let i = 0; i < this.count; i++) {
      const at = (this.head + i) % CAPACITY;
      if (this.high[at] !== high || this.low[at] !== low) continue;
      this.settledSizeBytes = this.sizes[at];
      this.forgottenMs = Number.POSITIVE_INFINITY;
      this.settledMark = this.marks[at];
      this.head = (at + 1) % CAPACITY;
      this.count -= i + 1;
      this.unanswered = this.countOrdinary();
      return this.sentMs[at];
    }
    return -1;
  }

  /** An answer to what left before that proves nothing any more. */
  forgetBefore(ms: number): void {
    for (; this.count > 0 && this.sentMs[this.head] < ms; this.count--)
      this.head = (this.head + 1) % CAPACITY;
    this.forgottenMs = Number.POSITIVE_INFINITY;
    this.unanswered = this.countOrdinary();
  }

  clear(): void {
    this.count = 0;
    this.forgottenMs = Number.POSITIVE_INFINITY;
    this.unanswered = 0;
  }

  private countOrdinary(): number {
    let ordinary = 0;
    for (let i = 0; i < this.count; i++) if (this.sizes[(this.head + i) % CAPACITY] === 0) ordinary++;
    return ordinary;
  }
}
