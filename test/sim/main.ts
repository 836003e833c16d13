/**
 * `npm run sim`: runs scenarios from seeds, shrinks what fails, keeps it as a regression file.
 * stdout: results; stderr: progress. Exit 0 = every invariant held, 1 = one broke, 2 = misused.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { generate } from './generate.ts';
import { runMutants } from './mutants/run-mutants.ts';
import { loadRegressions } from './regressions.ts';
import { type Outcome, run } from './run.ts';
import type { Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios/all.ts';
import { shrink } from './shrink.ts';

const USAGE = `npm run sim -- [--seed N] [--runs K] [--hours H] [--scenario NAME] [--replay FILE] [--trace] [--no-shrink]
       npm run sim -- --mutants | --mutant NAME
scenarios: ${SCENARIOS.map(({ name }) => name).join(', ')}`;
/** Where shrunk failures go; those worth keeping move to `regressions/`. */
const FAILURES = new URL('./failures/', import.meta.url);
const PROGRESS_EVERY_MS = 2_000;

function options() {
  try {
    const { values } = parseArgs({
      options: {
        seed: { type: 'string' },
        runs: { type: 'string', default: '1' },
        hours: { type: 'string' },
        scenario: { type: 'string' },
        replay: { type: 'string' },
        trace: { type: 'boolean', default: false },
        'no-shrink': { type: 'boolean', default: false },
        mutants: { type: 'boolean', default: false },
        mutant: { type: 'string' },
      },
    });
    const number = (text: string) => {
      if (!/^\d+(\.\d+)?$/.test(text)) throw new Error(`not a number: ${text}`);
      return Number(text);
    };
    const hours = values.hours === undefined ? undefined : number(values.hours);
    // A named scenario has a seed of its own.
    return {
      ...values,
      seed: number(values.seed ?? '1'),
      isSeedGiven: values.seed !== undefined,
      runs: number(values.runs),
      hours,
    };
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    return process.exit(2);
  }
}

const given = options();

/** The scenario of that seed: a named one with this seed, or a random one. */
function plan(seed: number): Scenario {
  if (given.replay !== undefined) return JSON.parse(readFileSync(given.replay, 'utf8')) as Scenario;
  if (given.scenario === undefined) return generate(seed, { hours: given.hours });
  const named = [...SCENARIOS, ...loadRegressions()].find(({ name }) => name === given.scenario);
  if (named === undefined) {
    console.error(`there is no scenario "${given.scenario}"\n${USAGE}`);
    process.exit(2);
  }
  return given.isSeedGiven || given.runs > 1 ? { ...named, seed } : named;
}

async function runSeed(seed: number): Promise<boolean> {
  const scenario = plan(seed);
  let reportedMs = Date.now();
  const onProgress = (nowMs: number) => {
    if (Date.now() - reportedMs < PROGRESS_EVERY_MS) return;
    reportedMs = Date.now();
    console.error(
      `… seed ${seed}: ${Math.round(nowMs / 60_000)} of ${Math.round(scenario.durationMs / 60_000)} min`,
    );
  };
  const onLine = given.trace ? (line: string) => console.log(line) : undefined;
  const startMs = performance.now();
  const startCpu = process.cpuUsage();
  const outcome = await run(scenario, { onLine, onProgress });
  if (!outcome.ok) {
    await explain(scenario, outcome);
    return false;
  }
  const { offered, delivered, meanLatencyMs, digest } = outcome.report;
  const seconds = (performance.now() - startMs) / 1000;
  const cpu = process.cpuUsage(startCpu);
  const hours = scenario.durationMs / 3_600_000;
  const perCpuSecond = (hours * 1e6) / (cpu.user + cpu.system);
  if (given.runs <= 20)
    console.log(
      `ok ${scenario.name}, seed ${scenario.seed}: ${delivered} of ${offered} delivered, mean ${meanLatencyMs.toFixed(1)} ms, ` +
        `${seconds.toFixed(2)} s (${(hours / seconds).toFixed(2)} simulated hours a second, ${perCpuSecond.toFixed(2)} a second ` +
        `of CPU), trace ${digest.slice(0, 16)}`,
    );
  return true;
}

async function explain(scenario: Scenario, failure: Extract<Outcome, { ok: false }>): Promise<void> {
  console.log(`BROKEN ${scenario.name}, seed ${scenario.seed}, after ${(failure.atMs / 1000).toFixed(3)} s`);
  console.log(`  ${failure.message}`);
  if (given['no-shrink']) return;
  console.error('… shrinking');
  const small = await shrink(scenario, failure);
  const file = new URL(`${scenario.name.replace(/\W+/g, '-')}-${scenario.seed}.json`, FAILURES);
  mkdirSync(FAILURES, { recursive: true });
  writeFileSync(file, `${JSON.stringify(small.scenario, null, 2)}\n`);
  const { clients, flows, events, durationMs } = small.scenario;
  console.log(
    `  shrunk in ${small.runs} runs to ${clients.length} clients, ${flows.length} flows, ${events.length} events, ` +
      `${(durationMs / 1000).toFixed(3)} s: ${file.pathname}`,
  );
  console.log(`  ${small.outcome.message}`);
  for (const line of small.outcome.trace) console.log(`  | ${line}`);
}

if (given.mutants || given.mutant !== undefined) {
  process.exitCode = runMutants(given.mutant) ? 0 : 1;
} else {
  const what = given.replay ?? given.scenario ?? 'random';
  console.log(
    `seed ${given.seed}, runs ${given.runs}, hours ${given.hours ?? 'as planned'}, scenario ${what}`,
  );
  let broken = 0;
  let reportedMs = Date.now();
  for (let i = 0; i < given.runs; i++) {
    if (!(await runSeed(given.seed + i))) broken++;
    if (Date.now() - reportedMs < PROGRESS_EVERY_MS) continue;
    reportedMs = Date.now();
    console.error(`… ${i + 1} of ${given.runs} seeds, ${broken} broken`);
  }
  console.log(`${given.runs - broken} of ${given.runs} held`);
  process.exitCode = broken === 0 ? 0 : 1;
}
