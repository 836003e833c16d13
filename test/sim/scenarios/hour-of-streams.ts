/** A thousand connections at once: opened, used, half-closed and closed, again and again, over links that come and go. */
import { client, link, MINUTE_MS, scenario } from '../plans.ts';
import { stream } from '../streams/make-streams.ts';

const AT_ONCE = 1_000;
/** Each lasts about as long as the streams of one round. */
const ROUNDS = 6;
const ROUND_MS = 10 * MINUTE_MS;
const STEP_MS = 50;

function round(index: number) {
  return Array.from({ length: AT_ONCE }, (_, i) =>
    stream({
      kind: i % 4 === 0 ? 'remote' : 'forward',
      startMs: 2_000 + index * ROUND_MS + i * STEP_MS,
      upBytes: 900 + (i % 7) * 400,
      downBytes: 2_000 + (i % 3) * 1_000,
      // Until the next round begins.
      everyMs: 30_000,
      chunkBytes: 600,
      answersAtEnd: i % 2 === 0,
    }),
  );
}

const flap = (id: number, atMs: number) =>
  [
    { atMs, kind: 'interface', client: 0, link: id, present: false },
    { atMs: atMs + 20_000, kind: 'interface', client: 0, link: id, present: true },
  ] as const;

export const hourOfStreams = scenario('hour-of-streams', {
  durationMs: ROUNDS * ROUND_MS,
  clients: [client([link({ delayMs: 20 }), link({ delayMs: 60, loss: 0.02 })])],
  streams: Array.from({ length: ROUNDS }, (_, index) => round(index)).flat(),
  events: Array.from({ length: ROUNDS }, (_, index) => [
    ...flap(0, index * ROUND_MS + 3 * MINUTE_MS),
    ...flap(1, index * ROUND_MS + 3 * MINUTE_MS + 10_000),
  ]).flat(),
});
