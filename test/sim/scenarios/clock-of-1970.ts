/**
 * A sensor without a clock battery: it wakes in 1970 with a monotonic clock near zero, says a few words every ten minutes, and
 * is switched off again. An old recording of its handshakes is played back all the while.
 */
import { client, flow, link, MINUTE_MS, scenario } from '../plans.ts';
import type { TimedEvent } from '../scenario.ts';

const EPOCH_MS = 1_750_000_000_000;
const WAKES = 6;

const events: TimedEvent[] = [];
for (let wake = 1; wake <= WAKES; wake++) {
  const atMs = wake * 10 * MINUTE_MS;
  events.push({
    atMs: atMs - 9 * MINUTE_MS,
    kind: 'client-restart',
    client: 0,
    downMs: 9 * MINUTE_MS,
    goodbye: false,
  });
  // The wall clock of a sleeping sensor does not go on.
  events.push({ atMs, kind: 'clock', client: 0, monotonicMs: 0, wallMs: -10 * MINUTE_MS });
}

export const clockOf1970 = scenario('clock-of-1970', {
  durationMs: (WAKES * 10 + 1) * MINUTE_MS,
  clients: [client([link({ delayMs: 80, loss: 0.05 })], { clockMs: 0, wallOffsetMs: -EPOCH_MS })],
  flows: [flow('up', { everyMs: 1_000, maxBytes: 200 }), flow('down', { everyMs: 1_000, maxBytes: 200 })],
  events,
  attacker: {
    replay: 0.2,
    replayMs: 30 * MINUTE_MS,
    flip: 0,
    truncate: 0,
    redirect: 0,
    reflect: 0,
    swallow: 0,
    noisePerSecond: 0,
  },
  // What comes down while the sensor is off goes nowhere: nine minutes of ten.
  expect: { delivered: 0.2 },
});
