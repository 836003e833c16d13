/** Streams of a random world. They have a source of chance of their own: the rest of the world stays as it is without them. */
import { Random } from '../random.ts';
import type { StreamPlan } from '../scenario.ts';
import { REFUSALS } from './stream-workload.ts';

const MANY = 30;

export function stream(rest: Partial<StreamPlan> = {}): StreamPlan {
  return {
    client: 0,
    kind: 'forward',
    startMs: 1_000,
    upBytes: 20_000,
    downBytes: 20_000,
    everyMs: 0,
    chunkBytes: 0,
    answersAtEnd: false,
    dialMs: 1,
    refusal: null,
    giveUp: null,
    pause: null,
    ...rest,
  };
}

export function makeStreams(seed: number, clients: number, durationMs: number): StreamPlan[] {
  const random = new Random(seed, 'streams');
  if (random.chance(0.3)) return [];
  if (random.chance(0.1)) {
    const plan = makeStream(random, clients, durationMs);
    return Array.from({ length: MANY }, (_, i) => ({
      ...plan,
      startMs: plan.startMs + 20 * i,
      upBytes: plan.upBytes % 5_000,
      downBytes: plan.downBytes % 5_000,
    }));
  }
  return Array.from({ length: random.between(1, 4) }, () => makeStream(random, clients, durationMs));
}

function makeStream(random: Random, clients: number, durationMs: number): StreamPlan {
  const bytes = () => random.pick([0, 1, 700, 20_000, 100_000, 300_000]);
  const side = () => random.pick(['opener', 'target'] as const);
  const isSlow = random.chance(0.4);
  return stream({
    client: random.between(0, clients - 1),
    kind: random.pick(['forward', 'forward', 'remote'] as const),
    startMs: Math.floor(random.fraction() * durationMs * 0.7),
    upBytes: bytes(),
    downBytes: bytes(),
    // So slow that it lasts through the events of the world.
    everyMs: isSlow ? random.pick([50, 500, 2_000]) : 0,
    chunkBytes: random.pick([3, 500, 5_000, 40_000]),
    answersAtEnd: random.chance(0.3),
    dialMs: random.pick([0, 1, 30, 2_000]),
    refusal: random.chance(0.1) ? random.pick(REFUSALS) : null,
    giveUp: random.chance(0.15) ? { side: side(), afterMs: random.pick([1, 100, 3_000, 60_000]) } : null,
    pause: random.chance(0.2) ? { side: side(), ms: random.pick([100, 5_000, 60_000]) } : null,
  });
}
