/** What a table row is, and how its numbers are to be read. */
export interface Metric {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
}

/** One measurement of one row on one subject: a number per metric, and what has to stand beside it. */
export interface Sample {
  readonly values: ReadonlyMap<string, number>;
  readonly remarks: readonly string[];
}

/** A row measures one or several metrics in one go. */
export interface Row {
  readonly id: string;
  readonly metrics: readonly Metric[];
  measure(subject: import('./subject.ts').Subject, effort: Effort): Promise<Sample>;
}

/** How long to look. */
export interface Effort {
  /** Of one TCP measurement. */
  readonly tcpSeconds: number;
  /** Of one probe for the highest rate, and how many of them. */
  readonly udpSeconds: number;
  readonly udpProbes: number;
  readonly pings: number;
  readonly pingIntervalMs: number;
}
