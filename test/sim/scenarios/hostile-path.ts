/** Somebody sits on the wire and does what he can: replays, flips, truncates, redirects, reflects, swallows and injects. */
import { client, flow, link, MINUTE_MS, scenario } from '../plans.ts';

export const hostilePath = scenario('hostile-path', {
  durationMs: 5 * MINUTE_MS,
  clients: [client([link({ delayMs: 10 }), link({ delayMs: 30, reorder: 0.05 })])],
  flows: [
    flow('up', { everyMs: 50, maxBytes: 1_420 }),
    flow('down', { everyMs: 50, maxBytes: 1_420 }),
    flow('spoof', { everyMs: 500 }),
  ],
  attacker: {
    replay: 0.3,
    replayMs: MINUTE_MS,
    flip: 0.2,
    truncate: 0.1,
    redirect: 0.2,
    reflect: 0.1,
    swallow: 0.05,
    noisePerSecond: 50,
  },
  // Of what was offered a twelfth or so has a source that is not leased.
  expect: { delivered: 0.9 },
});
