/** 72 hours without any link, in the middle of connections of every kind: all of them go on at once when a link is there again. */
import { client, HOME_NAT, HOUR_MS, link, MINUTE_MS, scenario } from '../plans.ts';
import { stream } from '../streams/make-streams.ts';

const GONE_MS = MINUTE_MS;
const BACK_MS = GONE_MS + 72 * HOUR_MS;
/** The daemon hears of the interface so much later. */
const NETLINK_MS = 20;
/** PROTOCOL.md §9: two round trips and 100 ms. */
const WITHIN_MS = 2 * 2 * 40 + 100;
const unplug = (id: number, present: boolean, atMs: number) =>
  ({ atMs, kind: 'interface', client: 0, link: id, present }) as const;

export const threeDaysOfStreams = scenario('three-days-of-streams', {
  durationMs: BACK_MS + 2 * MINUTE_MS,
  clients: [
    client([link({ delayMs: 40, kilobitsPerSecond: 2_000 }, { nat: HOME_NAT }), link({ delayMs: 40 })]),
  ],
  streams: [
    // Somebody types.
    ...(['forward', 'remote'] as const).map((kind) =>
      stream({
        kind,
        upBytes: 100_000,
        downBytes: 100_000,
        everyMs: 1_000,
        chunkBytes: 10,
        movesBetween: [[BACK_MS, BACK_MS + NETLINK_MS + WITHIN_MS]],
      }),
    ),
    // More than any window, in the middle of it.
    stream({
      startMs: GONE_MS - 100,
      upBytes: 3_000_000,
      downBytes: 3_000_000,
      movesBetween: [[BACK_MS, BACK_MS + NETLINK_MS + WITHIN_MS]],
    }),
    // Half-closed, and nobody says anything.
    stream({ upBytes: 1_000, answersAtEnd: true, downBytes: 5_000, dialMs: GONE_MS + 1_000 }),
    // Opened, ended and given up while nothing is there.
    stream({
      startMs: GONE_MS + HOUR_MS,
      upBytes: 5_000,
      movesBetween: [[BACK_MS, BACK_MS + NETLINK_MS + WITHIN_MS]],
    }),
    stream({ everyMs: 1_000, chunkBytes: 1, giveUp: { side: 'opener', afterMs: 2 * HOUR_MS } }),
    stream({ everyMs: 1_000, chunkBytes: 1, giveUp: { side: 'target', afterMs: 2 * HOUR_MS } }),
  ],
  events: [
    unplug(0, false, GONE_MS),
    unplug(1, false, GONE_MS + 50),
    unplug(1, true, BACK_MS),
    unplug(0, true, BACK_MS + 3_000),
  ],
});
