/** One flow over two links of 20 Mbit/s, 20 and 60 ms away, of which one loses a little: in order, and more than one link takes. */
import { client, flow, link, scenario } from '../plans.ts';

const rate = { kilobitsPerSecond: 20_000 };

export const bondOfUnequals = scenario('bond-of-unequals', {
  durationMs: 20_000,
  clients: [
    client([link({ ...rate, delayMs: 10 }), link({ ...rate, delayMs: 30, loss: 0.005 })], { policy: 'bond' }),
  ],
  flows: [
    flow('up', { startMs: 3_000, everyMs: 4, train: 10, minBytes: 1_200, maxBytes: 1_200 }),
    flow('down', { startMs: 3_000, everyMs: 50, minBytes: 60, maxBytes: 60 }),
  ],
  events: [
    { atMs: 12_000, kind: 'link', client: 0, link: 0, direction: 'both', change: { blackhole: true } },
    { atMs: 14_000, kind: 'link', client: 0, link: 0, direction: 'both', change: { blackhole: false } },
  ],
  expect: { delivered: 0.6, behind: 0.001 },
});
