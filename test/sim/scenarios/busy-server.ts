/**
 * A server that stands still for moments, so that much arrives in one batch; a path over which it never hears an answer and so
 * cannot validate; and somebody who sends every other datagram on from addresses of his own before it arrives.
 */
import { client, flow, link, MINUTE_MS, scenario } from '../plans.ts';
import type { TimedEvent } from '../scenario.ts';

const events: TimedEvent[] = [];
for (let atMs = 3_000; atMs < MINUTE_MS; atMs += 4_000)
  events.push({ atMs, kind: 'freeze', client: -1, forMs: 1_900 });

const halfDead = link({ delayMs: 30 });

export const busyServer = scenario('busy-server', {
  durationMs: MINUTE_MS,
  clients: [client([link({ delayMs: 10 }), { ...halfDead, down: { ...halfDead.down, blackhole: true } }])],
  flows: [flow('up', { everyMs: 100 }), flow('down', { everyMs: 100 })],
  events,
  attacker: {
    replay: 0,
    replayMs: 1_000,
    flip: 0,
    truncate: 0,
    redirect: 0.5,
    reflect: 0,
    swallow: 0,
    noisePerSecond: 0,
  },
  expect: { delivered: 0.9 },
});
