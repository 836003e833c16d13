/** The least value of the current and the previous span of time: forgets, and never jumps to nothing. */
export class WindowedMin {
  private spanFromMs = 0;
  private current = Number.POSITIVE_INFINITY;
  private previous = Number.POSITIVE_INFINITY;

  constructor(private readonly spanMs: number) {}

  /** Infinity before the first value. */
  get value(): number {
    return Math.min(this.current, this.previous);
  }

  add(value: number, now: number): void {
    if (now - this.spanFromMs >= this.spanMs) {
      this.previous = this.current;
      this.current = value;
      this.spanFromMs = now;
    }
    this.current = Math.min(this.current, value);
  }
}
