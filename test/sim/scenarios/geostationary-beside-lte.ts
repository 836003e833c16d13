/**
 * LTE at 20 ms beside a geostationary satellite at 300 ms each way (0.6 s of skew and more), at the rate at which the
 * duplicate window matters: its 65,536 packets pass in half a second. LTE loses one in fifty; the satellite makes up for it.
 */
import { client, flow, link, scenario } from '../plans.ts';

export const geostationaryBesideLte = scenario('geostationary-beside-lte', {
  durationMs: 8_000,
  clients: [client([link({ delayMs: 20, loss: 0.02 }), link({ delayMs: 600 })])],
  flows: [
    flow('up', { everyMs: 50, minBytes: 40, maxBytes: 40 }),
    // 120,000 packets a second, once the policy has learnt that both paths take them.
    flow('up', { startMs: 5_000, endMs: 6_200, everyMs: 1, train: 120, minBytes: 20, maxBytes: 20 }),
  ],
  expect: { delivered: 0.97 },
});
