/** A hundred short connections over bad links: every start, stop, limit and termination is lost once in a while. */
import { client, link, scenario } from '../plans.ts';
import { stream } from '../streams/make-streams.ts';

export const lossyStreams = scenario('lossy-streams', {
  durationMs: 40_000,
  clients: [
    client([link({ delayMs: 30, loss: 0.35, jitterMs: 20 }), link({ delayMs: 50, loss: 0.35 })]),
    client([link({ delayMs: 20, loss: 0.25 })]),
  ],
  streams: [
    ...Array.from({ length: 80 }, (_, i) =>
      stream({
        kind: i % 3 === 0 ? 'remote' : 'forward',
        startMs: 1_000 + 200 * i,
        upBytes: i % 2 === 0 ? 0 : 3_000,
        downBytes: i % 5 === 0 ? 0 : 1_500,
        answersAtEnd: i % 7 === 0,
        dialMs: (i % 4) * 50,
        giveUp: i % 6 === 0 ? { side: i % 12 === 0 ? 'opener' : 'target', afterMs: 300 } : null,
      }),
    ),
    // Readers that take nothing for a while: the limit that lets the writer go on may be lost.
    ...Array.from({ length: 50 }, (_, i) =>
      stream({
        client: i % 2,
        startMs: 3_000 + 400 * i,
        upBytes: 80_000,
        downBytes: 0,
        pause: { side: 'target', ms: 2_000 },
      }),
    ),
    // Given up while the other end has nothing to say.
    ...Array.from({ length: 40 }, (_, i) =>
      stream({
        client: 1,
        startMs: 2_000 + 700 * i,
        upBytes: i % 2 === 0 ? 100 : 0,
        downBytes: i % 2 === 0 ? 0 : 100,
        everyMs: 60_000,
        chunkBytes: 1,
        giveUp: { side: i % 2 === 0 ? 'opener' : 'target', afterMs: 1_000 },
      }),
    ),
  ],
});
