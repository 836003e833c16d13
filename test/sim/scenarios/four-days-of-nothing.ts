/**
 * 95 hours without a link, under an application that does not give up, and a machine that sleeps half of the time: bounded
 * queues, the same address, and traffic again at once.
 */
import { CARRIER_NAT, client, flow, HOUR_MS, link, MINUTE_MS, scenario } from '../plans.ts';
import type { TimedEvent } from '../scenario.ts';

const OUTAGE_MS = 95 * HOUR_MS;
const events: TimedEvent[] = [];
for (const id of [0, 1]) {
  const where = { kind: 'interface', client: 0, link: id } as const;
  events.push({ atMs: MINUTE_MS, ...where, present: false });
  events.push({ atMs: MINUTE_MS + OUTAGE_MS, ...where, present: true });
}
for (let day = 0; day < 4; day++)
  events.push({
    atMs: (day * 24 + 6) * HOUR_MS,
    kind: 'sleep',
    client: 0,
    forMs: day < 3 ? 12 * HOUR_MS : 6 * HOUR_MS,
  });

export const fourDaysOfNothing = scenario('four-days-of-nothing', {
  durationMs: OUTAGE_MS + 3 * MINUTE_MS,
  clients: [client([link({ delayMs: 30 }, { nat: CARRIER_NAT }), link({ delayMs: 50 })])],
  flows: [
    flow('up', { endMs: 4 * MINUTE_MS }),
    flow('up', { startMs: 2 * MINUTE_MS + OUTAGE_MS - 65_000 }),
    flow('down', { startMs: MINUTE_MS + OUTAGE_MS + 5_000 }),
  ],
  events,
  // What is offered during the first minutes of the outage is gone.
  expect: { delivered: 0.48, sameAddress: true },
});
