/** Two links, of which one loses three in ten: with copies on both the inner flows must not notice. */
import { client, flow, link, MINUTE_MS, scenario } from '../plans.ts';

export const oneLossyLink = scenario('one-lossy-link', {
  durationMs: MINUTE_MS,
  clients: [client([link({ delayMs: 10, loss: 0.3 }), link({ delayMs: 30 })])],
  // Both paths are up by then; the last packet has time to arrive.
  flows: [
    flow('up', { startMs: 5_000, endMs: 58_000, everyMs: 20 }),
    flow('down', { startMs: 5_000, endMs: 58_000, everyMs: 20 }),
  ],
  expect: { delivered: 1 },
});
