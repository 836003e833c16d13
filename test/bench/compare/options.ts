/** The command line of `npm run bench`. */
import { parseArgs } from 'node:util';
import { VARIANTS, type Variant } from '../rig.ts';
import type { Effort } from './metrics.ts';
import { ROWS } from './rows.ts';
import { SUBJECTS, type SubjectId } from './subject.ts';

/** What is measured on one form of the underlay. */
export interface Stage {
  readonly variant: Variant;
  readonly rows: readonly string[];
}

export interface Options {
  readonly subjects: readonly SubjectId[];
  /** In this order: an underlay that lost its offloads does not get them back. */
  readonly plan: readonly Stage[];
  readonly repetitions: number;
  readonly effort: Effort;
  readonly jsonFile: string;
  /** What the file holds already stays, and the report tells of both. */
  readonly adds: boolean;
  /** Starts no measurement later than this after the first; null = no bound. */
  readonly limitSeconds: number | null;
}

/** Misuse of the command line: the text says what to do. */
export class UsageError extends Error {}

export const USAGE = `npm run bench -- [options]

  --quick            less of everything: ends within two minutes
  --rows A,B         rows whose name begins so: ${ROWS.map((row) => row.id).join(', ')}
  --peers A,B        columns: ${SUBJECTS.join(', ')}
  --variants A,B     underlay: offload (veth as it comes), plain (no GRO, GSO, TSO, UDP segmentation)
  --reps N           repetitions, interleaved (default 5)
  --seconds N        of one TCP measurement (default 5)
  --json FILE        where the numbers go (default bench.json in the temporary directory, named at the end)
  --add              to what that file holds: a long run in pieces, rows or repetitions, of the same peers

One number in half a minute: npm run bench -- --rows tcp-up --peers resip,wireguard-go --variants offload --reps 2`;

const FULL: Effort = { tcpSeconds: 5, udpSeconds: 2, udpProbes: 8, pings: 500, pingIntervalMs: 10 };
const QUICK: Effort = { tcpSeconds: 1, udpSeconds: 1, udpProbes: 5, pings: 200, pingIntervalMs: 5 };
/** What `--quick` measures unless rows or variants are named. */
const QUICK_PLAN: readonly Stage[] = [
  {
    variant: 'offload',
    rows: ['ping-idle', 'ping-loaded', 'tcp-up', 'tcp-down', 'udp-64', 'udp-1200', 'memory'],
  },
  { variant: 'plain', rows: ['tcp-up'] },
];
/** Raising and taking down take the rest of two minutes. */
const QUICK_LIMIT_SECONDS = 95;
const FULL_REPETITIONS = 5;
const QUICK_REPETITIONS = 1;

/** Null: help is wanted. Throws `UsageError`. */
export function parseOptions(argv: readonly string[], defaultJsonFile: string): Options | null {
  const flags = parseFlags(argv);
  if (flags.help) return null;
  const isQuick = flags.quick ?? false;
  const effort = isQuick ? QUICK : FULL;
  return {
    subjects: choose('--peers', flags.peers, SUBJECTS),
    plan: makePlan(isQuick, flags.rows, flags.variants),
    repetitions: number('--reps', flags.reps, isQuick ? QUICK_REPETITIONS : FULL_REPETITIONS, 100),
    effort: { ...effort, tcpSeconds: number('--seconds', flags.seconds, effort.tcpSeconds, 600) },
    jsonFile: flags.json ?? defaultJsonFile,
    adds: flags.add ?? false,
    limitSeconds: isQuick ? QUICK_LIMIT_SECONDS : null,
  };
}

function makePlan(
  isQuick: boolean,
  rows: string | undefined,
  variants: string | undefined,
): readonly Stage[] {
  if (isQuick && rows === undefined && variants === undefined) return QUICK_PLAN;
  const allRows = ROWS.map((row) => row.id);
  const chosen = rows === undefined ? allRows : chooseByPrefix(rows, allRows);
  return choose('--variants', variants, VARIANTS).map((variant) => ({ variant, rows: chosen }));
}

function parseFlags(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const options = {
    ...{ quick: flag, help: flag, add: flag },
    ...{ rows: text, peers: text, variants: text, reps: text, seconds: text, json: text },
  };
  try {
    return parseArgs({ args: [...argv], options }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** In the order of `known`, whatever the order asked for. */
function choose<T extends string>(name: string, text: string | undefined, known: readonly T[]): T[] {
  if (text === undefined) return [...known];
  const wanted = text.split(',');
  const stranger = wanted.find((word) => !known.includes(word as T));
  if (stranger !== undefined)
    throw new UsageError(`${name}: there is no ${stranger}; there are ${known.join(', ')}`);
  return known.filter((id) => wanted.includes(id));
}

/** `tcp-up` is that very row; `tcp` is all that begin so. */
function chooseByPrefix(text: string, known: readonly string[]): string[] {
  const chosen = text.split(',').flatMap((word) => {
    if (known.includes(word)) return [word];
    const family = known.filter((id) => id.startsWith(`${word}-`));
    if (family.length === 0)
      throw new UsageError(`--rows: there is no ${word}; there are ${known.join(', ')}`);
    return family;
  });
  return known.filter((id) => chosen.includes(id));
}

function number(name: string, text: string | undefined, otherwise: number, max: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > max)
    throw new UsageError(`${name}: a whole number from 1 to ${max}, not ${text}`);
  return value;
}
