/** A random scenario from a seed: any mixture of links, NATs, flows, misfortunes and enemies that a client may meet. */
import type { PathWishes } from '../../src/proto/path/path.ts';
import type { Rule } from '../../src/proto/policy/rule.ts';
import { parseRule } from '../../src/proto/policy/rule-text.ts';
import type { AccessSettings } from './net/access.ts';
import { CLEAN_LINK, type LinkSettings } from './net/link.ts';
import type { NatBehaviour, NatSettings } from './net/nat.ts';
import { client, flow, HOUR_MS, MINUTE_MS, scenario } from './plans.ts';
import { Random } from './random.ts';
import type { AttackerPlan, ClientPlan, FlowPlan, Scenario, TimedEvent, WorldEvent } from './scenario.ts';
import { makeStreams } from './streams/make-streams.ts';

const BEHAVIOURS: readonly NatBehaviour[] = [
  'endpoint-independent',
  'address-dependent',
  'address-and-port-dependent',
];
/** Half of the clients have the default. */
const POLICIES = [
  'redundant',
  'redundant',
  'redundant',
  'redundant',
  'failover',
  'bond',
  'bond-flows',
  'auto',
] as const;
/** As users write them. */
const RULES = [
  'size:0-300=redundant',
  'udp=failover',
  'port:0-32767=bond',
  'dscp:0,size:1000-65535=bond-flows',
  'udp:40000-65535,size:0-600=auto',
  'proto:47=redundant',
].map((text) => parseRule(text) as Rule);
const WANTED_FIRST = 0x0a4d0064;

export interface GenerateOptions {
  /** Virtual hours; absent = a few minutes. */
  readonly hours?: number;
}

export function generate(seed: number, options: GenerateOptions = {}): Scenario {
  const random = new Random(seed, 'scenario');
  const durationMs = options.hours ? options.hours * HOUR_MS : random.pick([0.5, 1, 1, 2, 4]) * MINUTE_MS;
  const clients: ClientPlan[] = [];
  for (let i = random.pick([1, 1, 2, 2, 3]); i > 0; i--) clients.push(makeClient(random, clients.length));
  const flows: FlowPlan[] = [];
  for (let i = 0; i < clients.length; i++)
    for (let n = random.between(1, 3); n > 0; n--)
      flows.push(makeFlow(random, i, clients.length, durationMs));
  const events: TimedEvent[] = [];
  for (let n = random.between(0, 12); n > 0; n--) {
    const atMs = Math.floor(random.fraction() * durationMs);
    for (const event of makeEvents(random, clients)) events.push({ ...event, atMs: atMs + event.atMs });
  }
  const reloads = random.fork('reloads');
  if (reloads.chance(0.3))
    for (let n = reloads.between(1, 3); n > 0; n--) events.push(makeReload(reloads, clients, durationMs));
  events.sort((a, b) => a.atMs - b.atMs);
  return scenario(`random ${seed}`, {
    seed,
    durationMs,
    clients,
    flows,
    streams: makeStreams(seed, clients.length, durationMs),
    events,
    attacker: random.chance(0.4) ? makeAttacker(random) : null,
    server: {
      hasAes: random.chance(0.7),
      invites: random.chance(0.4),
      mtuBytes: random.pick([1_280, 1_420, 1_500]),
      leaseMs: random.pick([30_000, HOUR_MS, 96 * HOUR_MS]),
    },
  });
}

function makeClient(random: Random, place: number): ClientPlan {
  const links: AccessSettings[] = [];
  for (let i = random.pick([1, 2, 2, 2, 3]); i > 0; i--)
    links.push(makeAccess(random, random.fork(`budget${place}.${i}`)));
  return client(links, {
    clockMs: random.pick([0, 1_000, 4_294_960_000, 86_400_000_000]),
    wallOffsetMs: random.pick([0, 0, -1_750_000_000_000, 3_600_000]),
    startMs: random.chance(0.7) ? 0 : random.between(0, 20_000),
    policy: random.pick(POLICIES),
    rules: makeRules(random.fork(`rules${place}`)),
    wantedAddress: random.chance(0.2) ? WANTED_FIRST + place : 0,
  });
}

/** Most clients have none. The first that matches counts, so their order matters. */
function makeRules(random: Random): Rule[] {
  const rules: Rule[] = [];
  if (random.chance(0.3)) for (let n = random.between(1, 3); n > 0; n--) rules.push(random.pick(RULES));
  return rules;
}

function makeAccess(random: Random, budget: Random): AccessSettings {
  const mtuBytes = random.pick([1_500, 1_500, 1_500, 1_400, 1_280]);
  const pathMtuBytes = random.pick([mtuBytes, mtuBytes, mtuBytes, 1_492, 1_380, 1_280]);
  const common = makeLink(random, pathMtuBytes);
  const isOrdinary = random.chance(0.7);
  return {
    family: random.chance(0.2) ? 6 : 4,
    ...(isOrdinary ? {} : { wishes: makeWishes(random, budget) }),
    mtuBytes,
    up: common,
    down: random.chance(0.3) ? makeLink(random, pathMtuBytes) : common,
    nat: random.chance(0.5) ? makeNat(random) : null,
  };
}

function makeWishes(random: Random, budget: Random): PathWishes {
  const wishes = { backup: random.chance(0.5), metered: random.chance(0.5) };
  if (!wishes.metered || budget.chance(0.3)) return wishes;
  return { ...wishes, budgetBytes: budget.pick([100_000, 500_000, 3_000_000]) };
}

function makeLink(random: Random, mtuBytes: number): LinkSettings {
  const delayMs = random.pick([0, 1, 5, 20, 60, 300]);
  return {
    ...CLEAN_LINK,
    delayMs,
    jitterMs: random.chance(0.5) ? random.fraction() * delayMs : 0,
    loss: random.pick([0, 0, 0, 0.01, 0.1, 0.3]),
    burst: random.chance(0.1) ? { enter: 0.01, leave: 0.2 } : null,
    duplicate: random.pick([0, 0, 0, 0.05]),
    reorder: random.pick([0, 0, 0, 0.05]),
    reorderMs: random.pick([1, 10, 100]),
    kilobitsPerSecond: random.pick([0, 0, 2_000, 20_000]),
    mtuBytes,
  };
}

function makeNat(random: Random): NatSettings {
  return {
    mapping: random.pick(BEHAVIOURS),
    filtering: random.pick(BEHAVIOURS),
    timeoutMs: random.pick([30_000, 120_000, 300_000]),
    inboundRefreshes: random.chance(0.5),
  };
}

function makeFlow(random: Random, place: number, clients: number, durationMs: number): FlowPlan {
  const kinds: FlowPlan['kind'][] = ['up', 'up', 'up', 'down', 'down', 'down', 'spoof', 'garbage'];
  if (clients > 1) kinds.push('peer', 'peer');
  const startMs = random.chance(0.6) ? 0 : Math.floor(random.fraction() * durationMs * 0.5);
  const isBurst = random.chance(0.4);
  const everyMs = random.pick([50, 100, 200, 500, 900, 1_000]);
  const maxBytes = random.pick([100, 600, 1_280, 1_420, 1_420, 1_500, 2_000, 2_600]);
  return flow(random.pick(kinds), {
    client: place,
    peer: (place + random.between(1, Math.max(1, clients - 1))) % clients,
    family: random.chance(0.25) ? 6 : 4,
    startMs,
    endMs: random.chance(0.7) ? Number.MAX_SAFE_INTEGER : startMs + random.between(5_000, durationMs),
    everyMs,
    train: random.pick(everyMs < 500 ? [1, 1, 2] : [1, 3, 20]),
    onMs: isBurst ? random.between(1_000, 20_000) : 0,
    offMs: isBurst ? random.between(3_000, 90_000) : 0,
    minBytes: random.chance(0.5) ? 0 : maxBytes,
    maxBytes,
  });
}

/** One misfortune: what happens (`atMs` from its start), and how it ends. */
function makeEvents(random: Random, clients: readonly ClientPlan[]): TimedEvent[] {
  const place = random.between(0, clients.length - 1);
  const where = { client: place, link: random.between(0, clients[place].links.length - 1) };
  const lastsMs = random.pick([200, 2_000, 10_000, 40_000, 200_000]);
  const change = (settings: Partial<LinkSettings>): TimedEvent[] => {
    const direction = random.pick(['up', 'down', 'both', 'both'] as const);
    const { up } = clients[place].links[where.link];
    const back = Object.fromEntries(Object.keys(settings).map((key) => [key, up[key as keyof LinkSettings]]));
    return [
      { atMs: 0, kind: 'link', ...where, direction, change: settings },
      { atMs: lastsMs, kind: 'link', ...where, direction, change: back },
    ];
  };
  const once = (event: WorldEvent): TimedEvent[] => [{ atMs: 0, ...event }];
  const downMs = random.pick([50, 500, 5_000, 60_000]);
  switch (random.between(0, 14)) {
    case 0:
    case 1:
      return change({ blackhole: true });
    case 2:
      return change({ loss: random.pick([0.05, 0.3, 0.6]) });
    case 3:
      return change({ delayMs: random.pick([0, 50, 500, 900]) });
    case 4:
      return change({ mtuBytes: random.pick([1_280, 1_300, 1_400]) });
    case 5:
    case 6:
      return [
        { atMs: 0, kind: 'interface', ...where, present: false },
        { atMs: lastsMs, kind: 'interface', ...where, present: true },
      ];
    case 7:
      return once({ kind: 'address', ...where });
    case 8:
      return once({ kind: 'nat', ...where, action: random.pick(['forget', 'reboot'] as const), downMs });
    case 9:
      return once({
        kind: 'server-restart',
        downMs,
        goodbye: random.chance(0.5),
        keepsState: random.chance(0.8),
      });
    case 10:
      return once({ kind: 'client-restart', client: place, downMs, goodbye: random.chance(0.5) });
    case 11:
      return once({ kind: 'sleep', client: random.chance(0.1) ? -1 : place, forMs: lastsMs });
    case 13:
      return once({
        kind: 'policy',
        client: place,
        policy: random.pick(POLICIES),
        rules: makeRules(random.fork('new rules')),
      });
    case 12:
      return once({
        kind: 'freeze',
        client: random.chance(0.3) ? -1 : place,
        forMs: Math.min(lastsMs, 10_000),
      });
    default:
      return once({
        kind: 'clock',
        client: random.chance(0.2) ? -1 : place,
        monotonicMs: random.pick([0, 1_000, 100_000, 10_000_000]),
        wallMs: random.pick([0, -86_400_000, 86_400_000]),
      });
  }
}

/** The configuration is read again, with other words for one link. */
function makeReload(random: Random, clients: readonly ClientPlan[], durationMs: number): TimedEvent {
  const client = random.between(0, clients.length - 1);
  const link = random.between(0, clients[client].links.length - 1);
  const wishes = { backup: random.chance(0.3), metered: random.chance(0.3) };
  return { atMs: Math.floor(random.fraction() * durationMs), kind: 'wishes', client, link, wishes };
}

function makeAttacker(random: Random): AttackerPlan {
  const some = () => (random.chance(0.5) ? random.pick([0.001, 0.01, 0.1]) : 0);
  return {
    replay: some(),
    replayMs: random.pick([100, 5_000, 600_000]),
    flip: some(),
    truncate: some(),
    redirect: some(),
    reflect: some(),
    swallow: random.chance(0.2) ? 0.02 : 0,
    noisePerSecond: random.pick([0, 0, 1, 20]),
  };
}
