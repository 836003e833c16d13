/** Building blocks of scenarios: usual links, usual flows. */
import type { AccessSettings } from './net/access.ts';
import { CLEAN_LINK, type LinkSettings } from './net/link.ts';
import type { NatSettings } from './net/nat.ts';
import {
  type ClientPlan,
  type FlowPlan,
  NOTHING_EXPECTED,
  type Scenario,
  type ServerPlan,
} from './scenario.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;

/** What a home router does. */
export const HOME_NAT: NatSettings = {
  mapping: 'endpoint-independent',
  filtering: 'address-and-port-dependent',
  timeoutMs: 300_000,
  inboundRefreshes: true,
};

/** What a mobile network does. */
export const CARRIER_NAT: NatSettings = {
  mapping: 'address-and-port-dependent',
  filtering: 'address-and-port-dependent',
  timeoutMs: 30_000,
  inboundRefreshes: false,
};

/** A link with the same settings in both directions. */
export function link(
  settings: Partial<LinkSettings> = {},
  rest: Partial<AccessSettings> = {},
): AccessSettings {
  const full = { ...CLEAN_LINK, ...settings };
  return { family: 4, mtuBytes: 1500, up: full, down: full, nat: null, ...rest };
}

export function client(links: readonly AccessSettings[], rest: Partial<ClientPlan> = {}): ClientPlan {
  return { links, clockMs: 1_000, wallOffsetMs: 0, startMs: 0, wantedAddress: 0, ...rest };
}

export function flow(kind: FlowPlan['kind'], rest: Partial<FlowPlan> = {}): FlowPlan {
  return {
    client: 0,
    kind,
    peer: 0,
    family: 4,
    startMs: 0,
    endMs: Number.MAX_SAFE_INTEGER,
    everyMs: 200,
    train: 1,
    onMs: 0,
    offMs: 0,
    minBytes: 60,
    maxBytes: 1_400,
    ...rest,
  };
}

const SERVER: ServerPlan = {
  maxClients: 8,
  leaseMs: 96 * HOUR_MS,
  mtuBytes: 1_420,
  pool: '10.77.0.0/16',
  hasAes: true,
  invites: false,
};

export function scenario(
  name: string,
  rest: Partial<Omit<Scenario, 'server'>> & { server?: Partial<ServerPlan> },
): Scenario {
  return {
    name,
    seed: 1,
    durationMs: MINUTE_MS,
    clients: [],
    flows: [],
    events: [],
    attacker: null,
    expect: NOTHING_EXPECTED,
    ...rest,
    server: { ...SERVER, ...rest.server },
  };
}
