import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import interiors from '../../vectors/fuzz-interiors.json' with { type: 'json' };
import { fuzzCore } from './core-fuzz.ts';
import {
  buildFuzzer,
  corpusOf,
  missingSanitizers,
  NATIVE_FUZZERS,
  type NativeFuzzer,
} from './native-fuzzers.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'resip-fuzz-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** New inputs after those of the corpus, each time others. */
const FRESH_SECONDS = 1;

describe("the addon's parsing, under sanitizers", () => {
  it.for(Object.keys(NATIVE_FUZZERS) as NativeFuzzer[])('takes every input: %s', (name, context) => {
    const missing = missingSanitizers(folder);
    if (missing !== null) {
      console.log(`skipped: ${missing}`);
      context.skip();
    }
    const program = buildFuzzer(name, folder);
    const corpus = join(folder, name);
    cpSync(corpusOf(name), corpus, { recursive: true });
    const seed = Date.now() % 1_000_000;
    const { stdout, stderr } = spawnSync(program, [corpus, String(FRESH_SECONDS), String(seed)], {
      encoding: 'utf8',
    });
    expect(stdout, `seed ${seed}\n${stderr}`).toMatch(/^clean: \d+ runs, \d+ inputs/);
  });
});

describe('the core', () => {
  it.each([1, 2, 3])('survives a peer with all keys and no manners: seed %i', async (seed) => {
    await fuzzCore(interiors, seed, 500);
  });
});
