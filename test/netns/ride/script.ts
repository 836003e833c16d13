/** The train ride as a list of acts: what happens to which link, and when. The same seed gives the same ride. */
import { type Random, seededRandom } from '../lab/random.ts';

export type LinkName = 'wifi' | 'lte';

/** What can happen to a link; those with a `back` leave it dead until then. */
export type Incident =
  | 'unplugged'
  | 'switched off'
  | 'blackholed'
  | 'renumbered'
  | 'another gateway'
  | 'NAT restarted';
export type Event = Incident | 'back';

export interface Step {
  /** Since the act began. */
  readonly atMs: number;
  readonly link: LinkName;
  readonly event: Event;
}

export interface Act {
  readonly title: string;
  readonly steps: readonly Step[];
  /** With the time in which nothing happens any more. */
  readonly lengthMs: number;
}

/** How long things take. */
export interface Pace {
  /** A link is dead, least and most. */
  readonly deadMs: readonly [number, number];
  /** Nothing happens after an act, least and most; both links are found again within it. */
  readonly restMs: readonly [number, number];
  /** No link at all. */
  readonly darkMs: number;
  /** Acts drawn by lot until the ride is so long; 0 = none. */
  readonly lengthMs: number;
}

/** Five minutes, one of them without any link. */
export const FULL_PACE: Pace = {
  deadMs: [4_000, 9_000],
  restMs: [4_000, 7_000],
  darkMs: 60_000,
  lengthMs: 300_000,
};
/** The same incidents in half a minute. */
export const SHORT_PACE: Pace = { deadMs: [700, 1_000], restMs: [1_300, 1_500], darkMs: 8_000, lengthMs: 0 };

/** Back at once. */
const MOVES = ['renumbered', 'another gateway', 'NAT restarted'] as const;
const DEATHS = ['unplugged', 'switched off', 'blackholed'] as const;
const LINKS: readonly LinkName[] = ['wifi', 'lte'];

export function composeRide(seed: number, pace: Pace): Act[] {
  const random = seededRandom(seed);
  const between = ([least, most]: readonly [number, number]) => Math.round(least + random() * (most - least));
  const act = (title: string, steps: readonly Step[]): Act => {
    const lastMs = Math.max(0, ...steps.map(({ atMs }) => atMs));
    return { title, steps, lengthMs: lastMs + between(pace.restMs) };
  };
  const dies = (link: LinkName, event: Incident) =>
    act(`${link} ${event}`, [
      { atMs: 0, link, event },
      { atMs: between(pace.deadMs), link, event: 'back' },
    ]);
  const moves = (link: LinkName, event: Incident) => act(`${link} ${event}`, [{ atMs: 0, link, event }]);
  const both = (title: string, event: Incident) =>
    act(
      title,
      LINKS.map((link) => ({ atMs: 0, link, event })),
    );

  const tunnelMs = between(pace.deadMs);
  const { darkMs } = pace;
  const acts = [
    act('the train leaves', []),
    dies('wifi', 'unplugged'),
    moves('lte', 'renumbered'),
    moves('wifi', 'another gateway'),
    dies('lte', 'blackholed'),
    moves('wifi', 'NAT restarted'),
    both('both NATs restarted', 'NAT restarted'),
    act('a tunnel', [
      { atMs: 0, link: 'wifi', event: 'blackholed' },
      { atMs: 300, link: 'lte', event: 'blackholed' },
      { atMs: tunnelMs, link: 'lte', event: 'back' },
      { atMs: tunnelMs + 300, link: 'wifi', event: 'back' },
    ]),
    both('both renumbered', 'renumbered'),
    act('airplane mode', [
      { atMs: 0, link: 'wifi', event: 'switched off' },
      { atMs: 0, link: 'lte', event: 'switched off' },
      { atMs: darkMs, link: 'lte', event: 'renumbered' },
      { atMs: darkMs + between(pace.deadMs), link: 'wifi', event: 'back' },
    ]),
  ];
  let lengthMs = acts.reduce((sum, { lengthMs }) => sum + lengthMs, 0);
  while (lengthMs < pace.lengthMs) {
    const link = pick(random, LINKS);
    const drawn = random() < 0.5 ? moves(link, pick(random, MOVES)) : dies(link, pick(random, DEATHS));
    acts.push(drawn);
    lengthMs += drawn.lengthMs;
  }
  return acts;
}

function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[Math.floor(random() * choices.length)];
}
