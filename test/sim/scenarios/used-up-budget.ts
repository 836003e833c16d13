/**
 * Downloads over two links, of which one may carry three megabytes and is far away. Processes end and are killed, the link goes and comes:
 * nobody knows what crosses meanwhile, and nothing crosses that was not paid for.
 */
import { client, link, scenario } from '../plans.ts';

const near = link({ delayMs: 10, kilobitsPerSecond: 5_000 });
const far = link(
  { delayMs: 150, kilobitsPerSecond: 5_000 },
  { wishes: { metered: true, budgetBytes: 3_000_000 } },
);
const download = { kind: 'down', startMs: 2_000, endMs: 28_000, bytes: 1_400 } as const;

export const usedUpBudget = scenario('used-up-budget', {
  durationMs: 30_000,
  clients: [client([near, far]), client([near, far])],
  bulk: [
    { client: 0, ...download },
    { client: 1, ...download },
  ],
  events: [
    { atMs: 3_000, kind: 'interface', client: 0, link: 1, present: false },
    { atMs: 4_000, kind: 'client-restart', client: 1, downMs: 500, goodbye: false },
    { atMs: 4_500, kind: 'interface', client: 0, link: 1, present: true },
    { atMs: 6_000, kind: 'server-restart', downMs: 500, goodbye: false, keepsState: true },
    { atMs: 9_000, kind: 'interface', client: 1, link: 1, present: false },
    { atMs: 10_000, kind: 'interface', client: 1, link: 1, present: true },
  ],
  expect: { delivered: 0.5 },
});
