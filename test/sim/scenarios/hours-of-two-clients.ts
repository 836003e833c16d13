/** The measure of speed: two clients with two paths each, who talk for some seconds of every minute, for ten hours. */
import { CARRIER_NAT, client, flow, HOUR_MS, link, scenario } from '../plans.ts';

const paths = [link({ delayMs: 15, loss: 0.01 }), link({ delayMs: 40, jitterMs: 10 }, { nat: CARRIER_NAT })];
const talk = { everyMs: 250, onMs: 4_000, offMs: 56_000 };

export const hoursOfTwoClients = scenario('hours-of-two-clients', {
  durationMs: 10 * HOUR_MS,
  clients: [client(paths), client(paths)],
  flows: [flow('up', talk), flow('down', talk), flow('peer', { ...talk, client: 1, peer: 0 })],
  expect: { delivered: 0.98 },
});
