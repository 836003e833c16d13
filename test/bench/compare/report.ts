/** The tables for people and the JSON for programs. */
import { cpus, release } from 'node:os';
import { VARIANTS, type Variant } from '../rig.ts';
import type { Summary } from '../statistics.ts';
import { plainTable } from '../table.ts';
import type { Metric } from './metrics.ts';
import type { Options } from './options.ts';
import { RATIOS, type Results } from './results.ts';
import { ROWS } from './rows.ts';
import type { Subject } from './subject.ts';

const VARIANT_TITLES: Record<Variant, string> = {
  offload: 'veth as it comes',
  plain: 'underlay without GRO, GSO, TSO and UDP segmentation',
};
/** Repetitions of one remark say nothing new. */
const MAX_REMARKS_PER_CELL = 3;

export function printReport(results: Results, subjects: readonly Subject[]): string {
  const parts = VARIANTS.flatMap((variant) => {
    const metrics = measuredMetrics(results, subjects, variant);
    if (metrics.length === 0) return [];
    return [
      `\n${VARIANT_TITLES[variant]}: median [min–max] of ${repetitions(results, variant, metrics)} repetitions`,
      medianTable(results, subjects, metrics, variant),
      '\nratios, repetition by repetition: median [min–max]; × = higher is better, ÷ = lower is better',
      ratioTable(results, subjects, metrics, variant),
    ];
  });
  return [...parts, remarksText(results), ...subjects.map(({ id, description }) => `${id}: ${description}`)]
    .filter((part) => part !== '')
    .join('\n');
}

/** `load`: of the machine before the run, fraction. */
export function toJson(
  results: Results,
  subjects: readonly Subject[],
  options: Options,
  load: number,
): string {
  const variants = VARIANTS.map((variant) => {
    const metrics = measuredMetrics(results, subjects, variant);
    const values = byMetric(metrics, (metric) =>
      Object.fromEntries(subjects.map(({ id }) => [id, results.valuesOf(variant, metric.id, id)])),
    );
    const ratios = byMetric(metrics, (metric) =>
      Object.fromEntries(
        RATIOS.map(([over, under]) => [`${over}/${under}`, results.ratio(variant, metric.id, over, under)]),
      ),
    );
    return [variant, { metrics, values, ratios }];
  });
  const report = {
    finishedAt: new Date().toISOString(),
    machine: { kernel: release(), node: process.version, cpus: cpus().length, model: cpus()[0]?.model, load },
    options,
    subjects: Object.fromEntries(subjects.map(({ id, description }) => [id, description])),
    variants: Object.fromEntries(variants),
    remarks: results.remarks,
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** `3`, or `3 to 5` where rows were measured more or less often. */
function repetitions(results: Results, variant: Variant, metrics: readonly Metric[]): string {
  const counts = metrics.map((metric) => results.repetitions(variant, [metric]));
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return least === most ? `${most}` : `${least} to ${most}`;
}

/** Those that at least one subject has a number for. */
function measuredMetrics(results: Results, subjects: readonly Subject[], variant: Variant): Metric[] {
  return ROWS.flatMap(({ metrics }) => metrics).filter((metric) =>
    subjects.some(({ id }) => results.summary(variant, metric.id, id) !== null),
  );
}

function byMetric<T>(metrics: readonly Metric[], value: (metric: Metric) => T): Record<string, T> {
  return Object.fromEntries(metrics.map((metric) => [metric.id, value(metric)]));
}

function medianTable(
  results: Results,
  subjects: readonly Subject[],
  metrics: readonly Metric[],
  variant: Variant,
): string {
  const table = plainTable(['', 'unit', ...subjects.map(({ id }) => id)], 2);
  for (const { id, title, unit } of metrics) {
    table.push([title, unit, ...subjects.map((subject) => cell(results.summary(variant, id, subject.id)))]);
  }
  return table.toString();
}

function ratioTable(
  results: Results,
  subjects: readonly Subject[],
  metrics: readonly Metric[],
  variant: Variant,
): string {
  const ids = subjects.map(({ id }) => id);
  const pairs = RATIOS.filter(([over, under]) => ids.includes(over) && ids.includes(under));
  if (pairs.length === 0) return '(nothing to compare)';
  const table = plainTable(['', '', ...pairs.map(([over, under]) => `${over} / ${under}`)], 2);
  for (const { id, title, better } of metrics) {
    const ratios = pairs.map(([over, under]) => cell(results.ratio(variant, id, over, under)));
    table.push([title, better === 'higher' ? '×' : '÷', ...ratios]);
  }
  return table.toString();
}

function cell(summary: Summary | null): string {
  if (summary === null) return '–';
  const { median, min, max, count } = summary;
  return count === 1 ? digits(median) : `${digits(median)} [${digits(min)}–${digits(max)}]`;
}

/** Three digits: more would be noise. */
function digits(value: number): string {
  if (value === 0) return '0';
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(decimals, 4));
}

function remarksText(results: Results): string {
  const shown = new Map<string, number>();
  const lines = results.remarks.flatMap(({ variant, row, subject, repetition, text }) => {
    const key = `${variant} ${row} ${subject}`;
    const count = (shown.get(key) ?? 0) + 1;
    shown.set(key, count);
    return count > MAX_REMARKS_PER_CELL ? [] : [`  ${key} #${repetition + 1}: ${text}`];
  });
  return lines.length === 0
    ? ''
    : ['\nlosses and what dropped them (all of them in the JSON)', ...lines, ''].join('\n');
}
