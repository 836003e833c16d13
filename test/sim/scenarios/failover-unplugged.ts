/** Failover under traffic: the link in use is unplugged (the system says so) and plugged in again: not one packet is lost. */
import { client, flow, link, MINUTE_MS, scenario } from '../plans.ts';
import type { TimedEvent } from '../scenario.ts';

const events: TimedEvent[] = [];
for (let round = 0; round < 6; round++) {
  const where = { kind: 'interface', client: 0, link: round % 2 } as const;
  const atMs = 10_000 + round * 20_000;
  events.push({ atMs, ...where, present: false }, { atMs: atMs + 10_000, ...where, present: true });
}

export const failoverUnplugged = scenario('failover-unplugged', {
  durationMs: 2.5 * MINUTE_MS,
  clients: [client([link({ delayMs: 15 }), link({ delayMs: 40 })], { policy: 'failover' })],
  flows: [
    flow('up', { startMs: 5_000, endMs: 2.4 * MINUTE_MS, everyMs: 20 }),
    flow('down', { startMs: 5_000, endMs: 2.4 * MINUTE_MS, everyMs: 20 }),
  ],
  events,
  expect: { delivered: 1 },
});
