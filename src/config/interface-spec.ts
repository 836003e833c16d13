/**
 * One `-i`: an interface or a pattern of names, with what its owner says about it.
 *
 *   wlan0
 *   wwan0,metered,budget=50M/day,backup
 *   usb*            any number of characters; ? is one
 */
import { z } from 'zod';
import { nearest } from './nearest.ts';
import { parseInterfaceName } from './units.ts';

export type BudgetPeriod = 'hour' | 'day' | 'month';

export interface Budget {
  /** Both directions together, as the link carries them. */
  readonly bytes: number;
  /** Of the calendar, in the machine's time zone: a budget begins anew with each. */
  readonly period: BudgetPeriod;
}

export interface InterfaceSpec {
  /** A name, or a pattern with `*` and `?`. */
  readonly pattern: string;
  /** Carries packets only while no other path can. */
  readonly isBackup: boolean;
  /** Costs money: probes are rare. */
  readonly isMetered: boolean;
  /** Per interface that the pattern matches. A link with a budget is metered. */
  readonly budget?: Budget;
}

const OPTIONS = ['backup', 'metered', 'budget'] as const;
const BUDGET_EXAMPLE = 'budget=50M/day (k, M or G, at least 50k; per hour, day or month)';
const PERIODS: readonly BudgetPeriod[] = ['hour', 'day', 'month'];
const UNIT_BYTES: Readonly<Record<string, number>> = { k: 1e3, M: 1e6, G: 1e9, T: 1e12 };
/** Below this a budget is handshakes, probes and what is kept back for them. */
const MIN_BUDGET_BYTES = 50_000;
const MAX_BUDGET_BYTES = 1e15;

/** The schema: every mistake of one text is an issue of its own. */
export const interfaceSpec = z
  .string({ error: 'an interface name' })
  .transform((text, context): InterfaceSpec => {
    const { spec, mistakes } = parseInterfaceSpec(text);
    if (spec !== undefined) return spec;
    for (const message of mistakes) context.issues.push({ code: 'custom', message, input: text });
    return z.NEVER;
  });

/** Without a spec, `mistakes` says what was expected in each place that is wrong. */
export function parseInterfaceSpec(text: string): { spec?: InterfaceSpec; mistakes: readonly string[] } {
  const [name, ...words] = text.split(',').map((word) => word.trim());
  const mistakes: string[] = [];
  const pattern = parseInterfaceName(name);
  if (pattern === undefined)
    mistakes.push('an interface name of up to 15 characters, or a pattern such as wwan*');
  const given = new Map<string, string>();
  for (const word of words) {
    const [key, value] = splitAtEquals(word);
    if (given.has(key)) mistakes.push(`${key} only once`);
    given.set(key, value ?? '');
    const mistake = optionMistake(key, value);
    if (mistake !== undefined) mistakes.push(mistake);
  }
  if (mistakes.length > 0 || pattern === undefined) return { mistakes };
  const budget = parseBudget(given.get('budget') ?? '');
  const spec = {
    pattern,
    isBackup: given.has('backup'),
    isMetered: given.has('metered') || budget !== undefined,
    ...(budget === undefined ? {} : { budget }),
  };
  return { spec, mistakes };
}

/** The text that `parseInterfaceSpec` reads. */
export function formatInterfaceSpec({ pattern, isBackup, isMetered, budget }: InterfaceSpec): string {
  return [
    pattern,
    isBackup ? 'backup' : '',
    isMetered && budget === undefined ? 'metered' : '',
    budget === undefined ? '' : `budget=${formatSize(budget.bytes)}/${budget.period}`,
  ]
    .filter((word) => word !== '')
    .join(',');
}

export function isPattern(text: string): boolean {
  return /[*?]/.test(text);
}

/** Whether `name` is what the pattern means: `*` any number of characters, `?` one, everything else itself. */
export function matchesPattern(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(name);
}

/** Who decides about an interface: the spec with its very name, else the first pattern that matches. */
export function specFor(specs: readonly InterfaceSpec[], name: string): InterfaceSpec | undefined {
  return (
    specs.find(({ pattern }) => pattern === name) ??
    specs.find(({ pattern }) => isPattern(pattern) && matchesPattern(pattern, name))
  );
}

/** `50M/day`. */
export function parseBudget(text: string): Budget | undefined {
  const match = /^(\d{1,12}(?:\.\d{1,3})?)([kMGT]?)B?\/([a-z]+)$/.exec(text);
  const period = PERIODS.find((name) => name === match?.[3]);
  if (!match || period === undefined) return undefined;
  const bytes = Math.round(Number(match[1]) * (UNIT_BYTES[match[2]] ?? 1));
  return bytes >= MIN_BUDGET_BYTES && bytes <= MAX_BUDGET_BYTES ? { bytes, period } : undefined;
}

function splitAtEquals(word: string): [key: string, value: string | undefined] {
  const at = word.indexOf('=');
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

function optionMistake(key: string, value: string | undefined): string | undefined {
  if (key === 'budget') {
    return value === undefined || parseBudget(value) === undefined ? BUDGET_EXAMPLE : undefined;
  }
  if (key === 'backup' || key === 'metered')
    return value === undefined ? undefined : `${key} without a value`;
  const near = nearest(key, OPTIONS);
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  return `${OPTIONS.join(', ')} after the name (${JSON.stringify(key)} is none of them${hint})`;
}

function formatSize(bytes: number): string {
  for (const unit of ['T', 'G', 'M', 'k']) {
    const scaled = bytes / UNIT_BYTES[unit];
    if (scaled >= 1 && Number.isInteger(scaled * 1_000)) return `${scaled}${unit}`;
  }
  return String(bytes);
}
