/** What was measured, by variant, metric and subject, one number per repetition. */

import type { Variant } from '../rig.ts';
import { pairedRatios, type Summary, summarize } from '../statistics.ts';
import type { Metric, Sample } from './metrics.ts';
import { SUBJECTS, type SubjectId } from './subject.ts';

export interface Remark {
  readonly variant: Variant;
  readonly row: string;
  readonly subject: SubjectId;
  readonly repetition: number;
  readonly text: string;
}

/** Numerator and denominator of every ratio that is printed. */
export const RATIOS: readonly (readonly [SubjectId, SubjectId])[] = [
  ['resip', 'wireguard-go'],
  ['resip', 'openvpn'],
  ['resip-2', 'resip'],
  ['resip-2', 'wireguard-go'],
  ['resip', 'raw'],
];

/** The part of the JSON that is read again; a gap is null there. */
export interface SavedResults {
  readonly variants: Readonly<
    Record<
      string,
      { readonly values: Readonly<Record<string, Readonly<Record<string, readonly (number | null)[]>>>> }
    >
  >;
  readonly remarks: readonly Remark[];
}

export class Results {
  /** `variant metric subject` to values by repetition; NaN = failed or never measured. */
  private readonly values = new Map<string, number[]>();
  readonly remarks: Remark[] = [];

  /** As `toJson` has written it. */
  static from(report: SavedResults): Results {
    const results = new Results();
    for (const [variant, { values }] of Object.entries(report.variants))
      for (const [metric, bySubject] of Object.entries(values))
        for (const [subject, numbers] of Object.entries(bySubject))
          results.values.set(
            `${variant} ${metric} ${subject}`,
            numbers.map((value) => value ?? Number.NaN),
          );
    results.remarks.push(...report.remarks);
    return results;
  }

  /** Repetitions that some subject has of one of these metrics. */
  repetitions(variant: Variant, metrics: readonly Metric[]): number {
    const lengths = metrics.flatMap(({ id }) =>
      SUBJECTS.map((subject) => this.valuesOf(variant, id, subject).length),
    );
    return Math.max(0, ...lengths);
  }

  add(
    variant: Variant,
    metrics: readonly Metric[],
    subject: SubjectId,
    repetition: number,
    sample: Sample,
  ): void {
    for (const { id } of metrics) this.set(variant, id, subject, repetition, sample.values.get(id));
  }

  remark(remark: Remark): void {
    this.remarks.push(remark);
  }

  valuesOf(variant: Variant, metric: string, subject: SubjectId): readonly number[] {
    return this.values.get(`${variant} ${metric} ${subject}`) ?? [];
  }

  summary(variant: Variant, metric: string, subject: SubjectId): Summary | null {
    return summarize(this.valuesOf(variant, metric, subject));
  }

  ratio(variant: Variant, metric: string, over: SubjectId, under: SubjectId): Summary | null {
    const values = this.valuesOf(variant, metric, over);
    return summarize(pairedRatios(values, this.valuesOf(variant, metric, under)));
  }

  private set(
    variant: Variant,
    metric: string,
    subject: SubjectId,
    repetition: number,
    value: number | undefined,
  ): void {
    const key = `${variant} ${metric} ${subject}`;
    const values = this.values.get(key) ?? [];
    while (values.length < repetition) values.push(Number.NaN);
    values[repetition] = value ?? Number.NaN;
    this.values.set(key, values);
  }
}
