/** 72 hours without any network, in the middle of a conversation: same address afterwards, and at once. */
import { client, flow, HOME_NAT, HOUR_MS, link, MINUTE_MS, scenario } from '../plans.ts';

const OUTAGE_MS = 72 * HOUR_MS;
const cut = (id: number, blackhole: boolean, atMs: number) =>
  ({ atMs, kind: 'link', client: 0, link: id, direction: 'both', change: { blackhole } }) as const;

export const threeDaysOfNothing = scenario('three-days-of-nothing', {
  durationMs: OUTAGE_MS + 4 * MINUTE_MS,
  clients: [client([link({ delayMs: 20 }, { nat: HOME_NAT }), link({ delayMs: 40 })])],
  flows: [
    flow('up', { endMs: 2 * MINUTE_MS }),
    flow('up', { startMs: OUTAGE_MS + 3 * MINUTE_MS - 5_000 }),
    flow('down', { startMs: OUTAGE_MS + 3 * MINUTE_MS - 5_000 }),
  ],
  events: [
    cut(0, true, 2 * MINUTE_MS),
    cut(1, true, 2 * MINUTE_MS),
    cut(0, false, OUTAGE_MS + 2 * MINUTE_MS),
    cut(1, false, OUTAGE_MS + 2 * MINUTE_MS),
  ],
  expect: { delivered: 0.97 },
});
