/** One figure over time: a ring that all trends fill in step. */

/** What is not known: drawn as a gap. */
const UNKNOWN = Number.NaN;

export class Series {
  private readonly values: Float32Array;

  constructor(private readonly capacity: number) {
    this.values = new Float32Array(capacity).fill(UNKNOWN);
  }

  /** `at`: number of the sample; null = unknown. */
  put(at: number, value: number | null): void {
    this.values[at % this.capacity] = value ?? UNKNOWN;
  }

  /** Samples `from` to before `to`, at most as many as the ring holds, rounded to `digits` behind the point. */
  slice(from: number, to: number, digits: number): (number | null)[] {
    const scale = 10 ** digits;
    return Array.from({ length: to - from }, (_, i) => {
      const value = this.values[(from + i) % this.capacity];
      return Number.isNaN(value) ? null : Math.round(value * scale) / scale;
    });
  }
}

/** Several figures of one subject by name, with the digits that matter of each. */
export class SeriesGroup<Name extends string> {
  private readonly series: Record<Name, Series>;

  constructor(
    capacity: number,
    private readonly digits: Readonly<Record<Name, number>>,
  ) {
    const names = Object.keys(digits) as Name[];
    this.series = Object.fromEntries(names.map((name) => [name, new Series(capacity)])) as typeof this.series;
  }

  /** What is not named is unknown. */
  put(at: number, values: Partial<Record<Name, number | null>>): void {
    for (const name of this.names) this.series[name].put(at, values[name] ?? null);
  }

  slice(from: number, to: number): Record<Name, (number | null)[]> {
    const columns = this.names.map((name) => [name, this.series[name].slice(from, to, this.digits[name])]);
    return Object.fromEntries(columns) as Record<Name, (number | null)[]>;
  }

  private get names(): Name[] {
    return Object.keys(this.digits) as Name[];
  }
}

/** Growth of a counter per second; null until it was seen twice. One that fell began anew. */
export class Rate {
  private before: number | null = null;

  next(count: number, elapsedMs: number): number | null {
    const { before } = this;
    this.before = count;
    if (before === null || elapsedMs <= 0) return null;
    return (1_000 * (count < before ? count : count - before)) / elapsedMs;
  }
}
