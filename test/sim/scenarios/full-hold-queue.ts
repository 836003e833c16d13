/** Half a minute without any path under more traffic than the hold queue takes; then nothing stale may leave. */
import { client, flow, link, MINUTE_MS, scenario } from '../plans.ts';

const cut = (blackhole: boolean, atMs: number) =>
  ({ atMs, kind: 'link', client: 0, link: 0, direction: 'both', change: { blackhole } }) as const;

export const fullHoldQueue = scenario('full-hold-queue', {
  durationMs: MINUTE_MS,
  clients: [client([link({ delayMs: 20 })])],
  flows: [flow('up', { everyMs: 10, train: 2, maxBytes: 200 }), flow('down', { everyMs: 100 })],
  events: [cut(true, 15_000), cut(false, 45_000)],
  expect: { delivered: 0.45 },
});
