/**
 * The order of measurements: variant by variant, repetition by repetition, row by row, and within a row subject by
 * subject, forth and back in turn. So what is compared was measured seconds apart, and neither of two is always the first.
 */

import type { Variant } from '../rig.ts';
import type { Metric, Row, Sample } from './metrics.ts';
import type { Options } from './options.ts';
import { Results } from './results.ts';
import { ROWS } from './rows.ts';
import type { Subject } from './subject.ts';

export type Progress = (text: string) => void;

/** `signal` ends the run after the measurement at hand; what was measured is returned, added to `results`. */
export async function runAll(
  subjects: readonly Subject[],
  options: Options,
  progress: Progress,
  signal: AbortSignal,
  results = new Results(),
): Promise<Results> {
  const rowCount = options.plan.reduce((sum, { rows }) => sum + rows.length, 0);
  const total = rowCount * options.repetitions * subjects.length;
  const startedMs = performance.now();
  const elapsedSeconds = () => (performance.now() - startedMs) / 1000;
  let done = 0;
  for (const { variant, rows: ids } of options.plan) {
    const rows = ROWS.filter(({ id }) => ids.includes(id));
    const earlier = new Map(rows.map((row) => [row, results.repetitions(variant, row.metrics)]));
    if (variant === 'plain') for (const { rig } of subjects) await rig.goPlain();
    for (let repetition = 0; repetition < options.repetitions; repetition++) {
      for (const row of rows) {
        const order = repetition % 2 === 0 ? subjects : [...subjects].reverse();
        for (const subject of order) {
          if (signal.aborted) return results;
          if (options.limitSeconds !== null && elapsedSeconds() > options.limitSeconds) {
            progress(`time is up: ${total - done} of ${total} measurements left out`);
            return results;
          }
          const place = { variant, repetition: (earlier.get(row) ?? 0) + repetition, row, subject };
          const words = await measureOne(results, place, options, signal);
          done++;
          const leftSeconds = Math.round((elapsedSeconds() / done) * (total - done));
          progress(`${done}/${total} ${variant} ${row.id} ${subject.id}: ${words} (${leftSeconds} s left)`);
        }
      }
    }
  }
  return results;
}

interface Place {
  readonly variant: Variant;
  readonly repetition: number;
  readonly row: Row;
  readonly subject: Subject;
}

/** A measurement that fails is a remark and a gap in the table: the others go on. */
async function measureOne(
  results: Results,
  place: Place,
  options: Options,
  signal: AbortSignal,
): Promise<string> {
  const { variant, repetition, row, subject } = place;
  const remark = (text: string) =>
    results.remark({ variant, row: row.id, subject: subject.id, repetition, text });
  try {
    const sample = await row.measure(subject, options.effort);
    results.add(variant, row.metrics, subject.id, repetition, sample);
    for (const text of sample.remarks) remark(text);
    return summaryOf(row.metrics, sample);
  } catch (error) {
    if (signal.aborted) return 'interrupted';
    remark(`failed: ${(error as Error).message.split('\n')[0]}`);
    return `failed: ${(error as Error).message}`;
  }
}

function summaryOf(metrics: readonly Metric[], sample: Sample): string {
  return metrics
    .filter(({ id }) => sample.values.has(id))
    .map(({ id, unit }) => `${sample.values.get(id)?.toPrecision(3)} ${unit}`)
    .join(', ');
}
