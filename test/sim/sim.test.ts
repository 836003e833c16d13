import { describe, expect, it } from 'vitest';
import { generate } from './generate.ts';
import { MUTANTS } from './mutants/mutants.ts';
import { mutate, readSource } from './mutants/run-mutants.ts';
import { loadRegressions } from './regressions.ts';
import { run } from './run.ts';
import type { Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios/all.ts';

/** Random worlds in every CI run; `npm run sim -- --runs 10000` is for the night. */
const SEEDS = 50;
/** A world of ten hours is for measuring; half of one shows the same. */
const LONGEST_MS: Record<string, number> = {
  'hours-of-two-clients': 1_800_000,
  'hour-of-streams': 600_000,
};
/** A thousand take a minute; so many are a crowd, too. */
const MOST_CLIENTS = 250;

async function hold(scenario: Scenario): Promise<void> {
  const durationMs = Math.min(scenario.durationMs, LONGEST_MS[scenario.name] ?? scenario.durationMs);
  const clients = scenario.clients.slice(0, MOST_CLIENTS);
  const flows = scenario.flows.filter(({ client }) => client < MOST_CLIENTS);
  const outcome = await run({ ...scenario, durationMs, clients, flows });
  const story = outcome.ok ? '' : [outcome.message, ...outcome.trace].join('\n');
  expect(outcome.ok, `npm run sim -- --seed ${scenario.seed}\n${story}`).toBe(true);
}

describe('every invariant holds in the scenario', () => {
  it.each(SCENARIOS.map((scenario) => [scenario.name, scenario] as const))('%s', (_, scenario) =>
    hold(scenario),
  );
});

describe('what was mended stays mended', () => {
  it.each(loadRegressions().map((scenario) => [scenario.name, scenario] as const))('%s', (_, scenario) =>
    hold(scenario),
  );
});

describe('random worlds', () => {
  it(`of seeds 1 to ${SEEDS} hold every invariant`, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) await hold(generate(seed));
  });

  it('are the same for the same seed, byte for byte, and others for another', async () => {
    const digestOf = async (seed: number) => {
      const outcome = await run(generate(seed));
      return outcome.ok ? outcome.report.digest : outcome.message;
    };
    const first = await digestOf(4);
    expect(await digestOf(4)).toBe(first);
    expect(await digestOf(5)).not.toBe(first);
  });
});

describe('mutants', () => {
  it.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    'still fits the source: %s',
    (_, mutant) => {
      for (const edit of mutant.edits) {
        const source = readSource(edit.file);
        expect(mutate(source, edit)).not.toBe(source);
      }
    },
  );
});
