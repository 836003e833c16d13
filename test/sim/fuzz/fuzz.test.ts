import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import interiors from '../../vectors/fuzz-interiors.json' with { type: 'json' };
import { fuzzCore } from './core-fuzz.ts';
import { buildGsoFuzzer, GSO_CORPUS, missingSanitizers } from './gso.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'resip-fuzz-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the segmentation of the addon, under sanitizers', () => {
  it('takes every input of the corpus', (context) => {
    const missing = missingSanitizers(folder);
    if (missing !== null) {
      console.log(`skipped: ${missing}`);
      context.skip();
    }
    const { stdout, stderr } = spawnSync(buildGsoFuzzer(folder), ['replay', GSO_CORPUS], {
      encoding: 'utf8',
    });
    expect(stdout, stderr).toMatch(/^clean: \d+ inputs/);
  });
});

describe('the core', () => {
  it.each([1, 2, 3])('survives a peer with all keys and no manners: seed %i', async (seed) => {
    await fuzzCore(interiors, seed, 500);
  });
});
