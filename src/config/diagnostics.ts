/** What is wrong with a configuration, all at once: line, key, expected, got, the nearest known key. */
import type { z } from 'zod';
import { UserError } from '../errors.ts';
import { nearest } from './nearest.ts';

/** `line` from 1; absent for a key that is missing. */
export type Source = { kind: 'flag' } | { kind: 'file'; path: string; line?: number };

export interface Diagnostic {
  readonly source: Source;
  /** As in the file: `state-dir`, `route[1]`. */
  readonly key: string;
  readonly expected: string;
  /** Absent for a key that is missing or unknown. Never a secret. */
  readonly got?: string;
}

/** Exit status 78 when a file is to blame, else 2. */
export class ConfigError extends UserError {
  constructor(readonly diagnostics: readonly Diagnostic[]) {
    const file = diagnostics.find((diagnostic) => diagnostic.source.kind === 'file');
    super(diagnostics.map(describe).join('\n'), { exitCode: file === undefined ? 2 : 78 });
  }
}

/**
 * One diagnostic for each issue. `sourceOf` tells where a top-level key came from; `knownKeys` are what unknown ones are
 * compared with.
 */
export function diagnose(
  error: z.ZodError,
  values: Readonly<Record<string, unknown>>,
  sourceOf: (key: string) => Source,
  knownKeys: readonly string[],
): Diagnostic[] {
  return error.issues.flatMap((issue): Diagnostic[] => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ source: sourceOf(key), key, expected: unknownKey(key, knownKeys) }));
    }
    const [key, index] = issue.path.map(String);
    const whole = values[key];
    const isOne = index === undefined || !Array.isArray(whole);
    const got = isOne ? whole : whole[Number(index)];
    return [
      {
        source: sourceOf(key),
        key: isOne ? key : `${key}[${index}]`,
        expected: `expected ${issue.message}`,
        ...(got === undefined ? {} : { got: show(key, got) }),
      },
    ];
  });
}

function describe({ source, key, expected, got }: Diagnostic): string {
  const end = got === undefined ? expected : `${expected}, got ${got}`;
  if (source.kind === 'flag') return `${flagName(key)}: ${end}`;
  const place = source.line === undefined ? source.path : `${source.path}:${source.line}`;
  return `${place}: ${key}: ${end}`;
}

/** `-i[1]` would be read as a pattern: which of several it was shows from what was got. */
function flagName(key: string): string {
  const name = key.replace(/\[\d+\]$/, '');
  if (name === 'invite') return 'INVITE';
  return name === 'interface' ? '-i' : `${name.length === 1 ? '-' : '--'}${name}`;
}

function unknownKey(key: string, knownKeys: readonly string[]): string {
  const near = nearest(key, knownKeys);
  return near === undefined ? `unknown; known are ${knownKeys.join(', ')}` : `unknown; did you mean ${near}?`;
}

/** An invite carries a secret behind its #. */
function show(key: string, value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  if (key === 'invite') return text.replace(/#.*/s, '#…"');
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
