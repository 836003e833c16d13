/** The server restarts under traffic: with a goodbye and without, with its state directory and once without. */
import { client, flow, link, MINUTE_MS, scenario } from '../plans.ts';

export const serverRestart = scenario('server-restart', {
  durationMs: 4 * MINUTE_MS,
  clients: [
    client([link({ delayMs: 10 }), link({ delayMs: 300 })]),
    client([link({ delayMs: 20 })], { startMs: 1_000, wantedAddress: 0x0a4d0505 }),
  ],
  flows: [
    flow('up', { everyMs: 100 }),
    flow('down', { everyMs: 100 }),
    flow('peer', { client: 1, peer: 0, everyMs: 100 }),
  ],
  events: [
    { atMs: 30_000, kind: 'server-restart', downMs: 500, goodbye: true, keepsState: true },
    { atMs: 70_000, kind: 'server-restart', downMs: 1_500, goodbye: false, keepsState: true },
    { atMs: 110_000, kind: 'server-restart', downMs: 300, goodbye: true, keepsState: false },
    { atMs: 150_000, kind: 'client-restart', client: 0, downMs: 200, goodbye: true },
    { atMs: 190_000, kind: 'client-restart', client: 0, downMs: 200, goodbye: false },
  ],
  expect: { delivered: 0.9 },
});
