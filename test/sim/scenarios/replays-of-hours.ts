/** Somebody keeps what he sees for hours, over rekeys, restarts and a night of silence, and says it again at any time. */
import { client, flow, HOME_NAT, HOUR_MS, link, MINUTE_MS, scenario } from '../plans.ts';

const talk = { everyMs: 2_000, maxBytes: 400, onMs: MINUTE_MS, offMs: 19 * MINUTE_MS };

export const replaysOfHours = scenario('replays-of-hours', {
  durationMs: 8 * HOUR_MS,
  clients: [client([link({ delayMs: 15 }, { nat: HOME_NAT }), link({ delayMs: 40 })])],
  flows: [flow('up', talk), flow('down', talk)],
  events: [
    { atMs: 2 * HOUR_MS, kind: 'server-restart', downMs: 1_000, goodbye: false, keepsState: true },
    { atMs: 4 * HOUR_MS, kind: 'client-restart', client: 0, downMs: 1_000, goodbye: true },
    { atMs: 5 * HOUR_MS, kind: 'sleep', client: 0, forMs: HOUR_MS },
  ],
  attacker: {
    replay: 0.5,
    replayMs: 6 * HOUR_MS,
    flip: 0,
    truncate: 0,
    redirect: 0.2,
    reflect: 0.1,
    swallow: 0,
    noisePerSecond: 0,
  },
  // For an hour the client sleeps.
  expect: { delivered: 0.8, sameAddress: true },
});
