/**
 * Makes a failing scenario small: cuts it short, leaves things out, makes links clean, one after the other, and keeps every
 * change with which the same invariant still breaks.
 */
import { CLEAN_LINK } from './net/link.ts';
import { type Outcome, run } from './run.ts';
import type { Scenario } from './scenario.ts';

export interface Shrunk {
  readonly scenario: Scenario;
  readonly outcome: Extract<Outcome, { ok: false }>;
  readonly runs: number;
}

/** Runs that shrinking may cost. */
const MAX_RUNS = 400;
const MAX_SECONDS = 60;
/** Past the failure, so that the cut changes nothing. */
const TAIL_MS = 1;

export async function shrink(scenario: Scenario, failure: Extract<Outcome, { ok: false }>): Promise<Shrunk> {
  let best = { ...scenario, durationMs: failure.atMs + TAIL_MS };
  let outcome = failure;
  let runs = 0;
  const untilMs = performance.now() + MAX_SECONDS * 1_000;
  for (let improved = true; improved; ) {
    improved = false;
    for (const candidate of simpler(best)) {
      const isOver = runs++ >= MAX_RUNS || performance.now() > untilMs;
      if (isOver) return { scenario: best, outcome, runs };
      const result = await run(candidate);
      if (result.ok || result.invariant !== failure.invariant) continue;
      best = { ...candidate, durationMs: Math.min(candidate.durationMs, result.atMs + TAIL_MS) };
      outcome = result;
      improved = true;
      break;
    }
  }
  return { scenario: best, outcome, runs };
}

/** Scenarios with a little less in them, the largest cuts first. */
function* simpler(scenario: Scenario): Generator<Scenario> {
  const { events, flows, clients, attacker } = scenario;
  if (events.length > 1) {
    const half = events.length >> 1;
    yield { ...scenario, events: events.slice(half) };
    yield { ...scenario, events: events.slice(0, half) };
  }
  if (attacker !== null) yield { ...scenario, attacker: null };
  for (let i = 0; i < events.length; i++) yield { ...scenario, events: without(events, i) };
  for (let i = 0; i < flows.length; i++) yield { ...scenario, flows: without(flows, i) };
  const { streams = [], bulk = [] } = scenario;
  for (let i = 0; i < bulk.length; i++) yield { ...scenario, bulk: without(bulk, i) };
  if (streams.length > 0) yield { ...scenario, streams: [] };
  for (let i = streams.length - 1; i >= 0; i--) yield { ...scenario, streams: without(streams, i) };
  if (clients.length > 1) {
    const last = clients.length - 1;
    const stays = (place: number) => place !== last;
    yield {
      ...scenario,
      clients: clients.slice(0, last),
      flows: flows.filter((flow) => stays(flow.client) && (flow.kind !== 'peer' || stays(flow.peer))),
      streams: streams.filter((each) => stays(each.client)),
      bulk: bulk.filter((each) => stays(each.client)),
      events: events.filter((event) => !('client' in event) || stays(event.client)),
    };
  }
  if (attacker !== null)
    for (const key of Object.keys(attacker) as (keyof typeof attacker)[])
      if (attacker[key] !== 0 && key !== 'replayMs')
        yield { ...scenario, attacker: { ...attacker, [key]: 0 } };
  yield* cleaner(scenario);
}

function* cleaner(scenario: Scenario): Generator<Scenario> {
  const { clients } = scenario;
  for (let c = 0; c < clients.length; c++) {
    const { links } = clients[c];
    for (let l = 0; l < links.length; l++) {
      const replace = (access: (typeof links)[number]) => {
        const changed = { ...clients[c], links: links.map((old, at) => (at === l ? access : old)) };
        return { ...scenario, clients: clients.map((old, at) => (at === c ? changed : old)) };
      };
      const access = links[l];
      if (access.nat !== null) yield replace({ ...access, nat: null });
      for (const direction of ['up', 'down'] as const) {
        const { mtuBytes, delayMs } = access[direction];
        const clean = { ...CLEAN_LINK, mtuBytes, delayMs };
        if (JSON.stringify(clean) !== JSON.stringify(access[direction]))
          yield replace({ ...access, [direction]: clean });
      }
    }
  }
}

function without<T>(items: readonly T[], at: number): T[] {
  return items.filter((_, index) => index !== at);
}
