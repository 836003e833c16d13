/** Two links, of which each loses three in ten: copies on both bring nine of ten, one link alone seven. */
import { client, flow, link, MINUTE_MS, scenario } from '../plans.ts';

export const twoLossyLinks = scenario('two-lossy-links', {
  durationMs: MINUTE_MS,
  clients: [client([link({ delayMs: 10, loss: 0.3 }), link({ delayMs: 30, loss: 0.3 })])],
  flows: [
    flow('up', { startMs: 5_000, endMs: 58_000, everyMs: 20 }),
    flow('down', { startMs: 5_000, endMs: 58_000, everyMs: 20 }),
  ],
  expect: { delivered: 0.87 },
});
