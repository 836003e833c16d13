/** After a dead time somebody says one word, each way, while there is no link yet: it arrives without being said again. */
import { client, flow, HOME_NAT, link, MINUTE_MS, scenario } from '../plans.ts';
import type { FlowPlan, TimedEvent } from '../scenario.ts';

const ROUNDS = 8;
const flows: FlowPlan[] = [];
const events: TimedEvent[] = [];
for (let round = 0; round < ROUNDS; round++) {
  const fromMs = 10_000 + round * 5 * MINUTE_MS;
  // Longer and longer without any link; the word comes up to nine seconds before the first one is back.
  const backMs = fromMs + 20_000 + round * 25_000;
  for (const id of [0, 1]) {
    const where = { client: 0, link: id } as const;
    events.push({ atMs: fromMs, kind: 'interface', ...where, present: false });
    events.push({ atMs: backMs + id * 4_000, kind: 'interface', ...where, present: true });
  }
  const saidMs = backMs - 9_000 + round * 1_000;
  const word = { startMs: saidMs, endMs: saidMs + 1_000, everyMs: 1_000, minBytes: 60, maxBytes: 60 };
  flows.push(flow('up', word));
}

export const firstWord = scenario('first-word', {
  durationMs: ROUNDS * 5 * MINUTE_MS,
  clients: [client([link({ delayMs: 40 }, { nat: HOME_NAT }), link({ delayMs: 80 })])],
  flows,
  events,
  expect: { delivered: 1 },
});
