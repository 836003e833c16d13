/**
 * Downloads by `auto` over clean links that are full. Some overrun deep queues as they begin: that is no reason for copies. Another loses
 * packets for half a second, and the copies that this calls for overrun a short queue from then on: no reason to go on with them.
 */
import { client, link, scenario } from '../plans.ts';

const deep = { kilobitsPerSecond: 10_000, queueBytes: 125_000 };
const download = { kind: 'down', startMs: 3_000, endMs: 30_000, bytes: 1_400 } as const;

export const autoHiccup = scenario('auto-hiccup', {
  seed: 2,
  durationMs: 30_000,
  clients: [
    client([link({ ...deep, delayMs: 10 }), link({ ...deep, delayMs: 15 })], { policy: 'auto' }),
    client(
      [
        link({ delayMs: 10, kilobitsPerSecond: 10_000, queueBytes: 12_000 }),
        link({ delayMs: 15, kilobitsPerSecond: 8_000, queueBytes: 10_000 }),
      ],
      { policy: 'auto' },
    ),
  ],
  bulk: [
    ...[3_000, 7_000, 11_000, 15_000, 19_000, 23_000].map(
      (startMs) => ({ ...download, client: 0, startMs, endMs: startMs + 3_000 }) as const,
    ),
    { ...download, client: 1 },
  ],
  events: [0, 1].flatMap((link) => [
    { atMs: 5_000, kind: 'link', client: 1, link, direction: 'both', change: { loss: 0.05 } } as const,
    { atMs: 5_500, kind: 'link', client: 1, link, direction: 'both', change: { loss: 0 } } as const,
  ]),
  expect: {
    delivered: 0.9,
    surplus: [
      { client: 0, fromMs: 3_000, toMs: 26_000, atMost: 0.05 },
      { client: 1, fromMs: 20_000, toMs: 30_000, atMost: 0.05 },
    ],
  },
});
