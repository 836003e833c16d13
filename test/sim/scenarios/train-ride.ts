/**
 * Two modems on a train: each loses its cell in turn, sometimes both do, and after a tunnel an operator hands out a new
 * address. A ping every 100 ms both ways.
 */
import { CARRIER_NAT, client, flow, link, MINUTE_MS, scenario } from '../plans.ts';
import type { TimedEvent } from '../scenario.ts';

const events: TimedEvent[] = [];
for (let station = 0; station < 10; station++) {
  const atMs = 20_000 + station * MINUTE_MS;
  const away = { blackhole: true };
  const back = { blackhole: false };
  const modem = (id: number) => ({ kind: 'link', client: 0, link: id, direction: 'both' }) as const;
  events.push({ atMs, ...modem(0), change: away }, { atMs: atMs + 12_000, ...modem(0), change: back });
  events.push({ atMs: atMs + 15_000, ...modem(1), change: away });
  // A tunnel: for three seconds there is nothing at all.
  events.push({ atMs: atMs + 25_000, ...modem(0), change: away });
  events.push({ atMs: atMs + 28_000, ...modem(1), change: back });
  if (station % 2 === 1) events.push({ atMs: atMs + 30_000, kind: 'address', client: 0, link: 0 });
  events.push({ atMs: atMs + 32_000, ...modem(0), change: back });
  if (station % 3 === 2) {
    events.push({ atMs: atMs + 36_000, kind: 'interface', client: 0, link: 1, present: false });
    events.push({ atMs: atMs + 41_000, kind: 'interface', client: 0, link: 1, present: true });
  }
}

const modem = { delayMs: 35, jitterMs: 20, loss: 0.02 };

export const trainRide = scenario('train-ride', {
  durationMs: 11 * MINUTE_MS,
  clients: [
    client([link(modem, { nat: CARRIER_NAT }), link({ ...modem, delayMs: 60 }, { nat: CARRIER_NAT })]),
  ],
  flows: [flow('up', { everyMs: 100, maxBytes: 1_400 }), flow('down', { everyMs: 100, maxBytes: 1_400 })],
  events,
  // Three of sixty seconds are lost to everybody; what is offered then waits, or is gone down below.
  expect: { delivered: 0.9 },
});
