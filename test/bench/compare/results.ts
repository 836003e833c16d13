/** What was measured, by variant, metric and subject, one number per repetition. */

import type { Variant } from '../rig.ts';
import { pairedRatios, type Summary, summarize } from '../statistics.ts';
import type { Metric, Sample } from './metrics.ts';
import type { SubjectId } from './subject.ts';

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

export class Results {
  /** `variant metric subject` to values by repetition; NaN = failed or never measured. */
  private readonly values = new Map<string, number[]>();
  readonly remarks: Remark[] = [];

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
