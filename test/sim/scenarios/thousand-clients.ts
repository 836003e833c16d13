/** A thousand clients lose their server at the same moment, and find it again together. */
import { client, flow, link, scenario } from '../plans.ts';

const COUNT = 1_000;

export const thousandClients = scenario('thousand-clients', {
  durationMs: 28_000,
  clients: Array.from({ length: COUNT }, (_, place) =>
    client([link({ delayMs: 5 + (place % 40) })], { startMs: place * 10 }),
  ),
  flows: Array.from({ length: COUNT }, (_, place) =>
    flow('up', { client: place, startMs: 16_500, everyMs: 900, maxBytes: 100 }),
  ),
  events: [{ atMs: 18_000, kind: 'server-restart', downMs: 1_000, goodbye: false, keepsState: true }],
  server: { maxClients: COUNT },
  expect: { delivered: 0.75 },
});
