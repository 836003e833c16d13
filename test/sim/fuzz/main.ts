/**
 * `npm run fuzz -- gso|receive|core [--seconds S] [--seed N]`: fuzzing for as long as one likes; `record` makes the corpus of
 * `core` anew from what two ends say today. New inputs of the others stay in their corpora in `test/vectors/fuzz`; what breaks
 * is saved there as well, for the test that replays it.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import interiors from '../../vectors/fuzz-interiors.json' with { type: 'json' };
import { fuzzCore, recordInteriors } from './core-fuzz.ts';
import { buildFuzzer, corpusOf, missingSanitizers, type NativeFuzzer } from './native-fuzzers.ts';

const ROUNDS = 2_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
  },
});
const seconds = Number(values.seconds);
const seed = Number(values.seed);

function fuzzNative(name: NativeFuzzer): number {
  const folder = mkdtempSync(join(tmpdir(), 'resip-fuzz-'));
  try {
    const missing = missingSanitizers(folder);
    if (missing !== null) {
      console.error(missing);
      return 1;
    }
    const program = buildFuzzer(name, folder);
    const given = [corpusOf(name), String(seconds), String(seed)];
    return spawnSync(program, given, { stdio: 'inherit' }).status ?? 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function fuzzCoreFor(): Promise<number> {
  const untilMs = performance.now() + seconds * 1_000;
  let next = seed;
  while (performance.now() < untilMs) {
    try {
      await fuzzCore(interiors, next, ROUNDS);
    } catch (error) {
      console.log(`BROKEN seed ${next}: ${(error as Error).stack}`);
      return 1;
    }
    next++;
  }
  console.log(`clean: seeds ${seed} to ${next - 1}, ${ROUNDS} interiors each`);
  return 0;
}

/** Kinds of interiors, more than there are. */
const RECORDED = 200;

async function record(): Promise<number> {
  const file = new URL('../../vectors/fuzz-interiors.json', import.meta.url);
  writeFileSync(file, `${JSON.stringify(await recordInteriors(RECORDED), null, 1)}\n`);
  return 0;
}

const VERBS: Record<string, () => number | Promise<number>> = {
  gso: () => fuzzNative('gso'),
  receive: () => fuzzNative('receive'),
  core: fuzzCoreFor,
  record,
};

if (!Number.isFinite(seconds) || !Number.isFinite(seed) || !(positionals[0] in VERBS)) {
  console.error('npm run fuzz -- gso|receive|core|record [--seconds S] [--seed N]');
  process.exitCode = 2;
} else {
  console.log(`${positionals[0]}, seed ${seed}, ${seconds} s`);
  process.exitCode = await VERBS[positionals[0]]();
}
