/** Failing seeds of the past, shrunk: what was mended stays mended. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Scenario } from './scenario.ts';

const FOLDER = new URL('./regressions/', import.meta.url);

export function loadRegressions(): Scenario[] {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
  return files.sort().map((name) => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as Scenario);
}
