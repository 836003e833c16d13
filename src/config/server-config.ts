/** The server's configuration: keys are those of the flags and of the TOML file alike. */
import { z } from 'zod';
import type { StreamRules } from '../engine/messages.ts';
import { MAX_CHANNELS } from '../proto/stream/limits.ts';
import {
  type CommonConfig,
  type ConfigKind,
  commonFields,
  type DnsConfig,
  dnsServers,
  innerMtu,
} from './common-config.ts';
import { field, several, whole } from './fields.ts';
import { hooksOf } from './hook-config.ts';
import { LISTEN_EXAMPLE, parseListenRule, parseTargetRule, TARGET_EXAMPLE } from './target-rule.ts';
import {
  DEFAULT_PORT,
  ENDPOINT_EXAMPLE,
  type Endpoint,
  everywhere,
  parseDuration,
  parseEndpoint,
  parseInterfaceName,
  parseIpv4Network,
  parseIpv6Network,
  parseListen,
} from './units.ts';

const MAX_LISTEN = 8;
const MAX_TARGET_RULES = 256;
const MAX_LISTEN_RULES = 256;
const MAX_CLIENTS = 65_536;

/** `auto`: the interface of the default route. */
export type NatConfig = { kind: 'auto' } | { kind: 'interface'; name: string } | { kind: 'off' };

export interface ServerConfig extends CommonConfig {
  readonly listen: readonly Endpoint[];
  /** Network of the clients' IPv4 addresses. */
  readonly pool: string;
  /** `auto`: the private /64 (RFC 4193) that the state directory keeps. */
  readonly pool6: { kind: 'auto' } | { kind: 'none' } | { kind: 'network'; network: string };
  readonly nat: NatConfig;
  /** Pushed to the clients; `own`: those that this machine asks. */
  readonly dns: { kind: 'own' } | DnsConfig;
  readonly mtuBytes: number;
  readonly leaseMs: number;
  readonly maxClients: number;
  /** Where clients reach this server; for invites, the daemon itself has no use for it. */
  readonly endpoint?: Endpoint;
  /** Where clients' streams may lead, without `allow` wherever this machine reaches; and where clients may have the server listen. */
  readonly streamRules: StreamRules;
  /** Streams of one client at once. */
  readonly maxStreams: number;
}

const nat = z
  .union([z.boolean(), z.string()], { error: 'an interface name, or false' })
  .transform((value, context) => {
    if (value === false) return { kind: 'off' } as const;
    if (value === true || value === 'auto') return { kind: 'auto' } as const;
    const name = parseInterfaceName(value);
    if (name !== undefined) return { kind: 'interface', name } as const;
    context.issues.push({ code: 'custom', message: 'an interface name', input: value });
    return z.NEVER;
  });

const pool6 = field(
  'none, auto or a network such as fd00:77::/64',
  (text): ServerConfig['pool6'] | undefined => {
    if (text === 'none' || text === 'auto') return { kind: text };
    const network = parseIpv6Network(text, 64, 96);
    return network === undefined ? undefined : { kind: 'network', network };
  },
);

/** Crosses PPPoE (1,492) under an outer IPv6 header in one piece: 40 + 8 + 12 + 9 + 16 bytes of wrapping. */
const DEFAULT_MTU_BYTES = 1_400;

/** As long as the association (PROTOCOL.md §6). */
const DEFAULT_LEASE_MS = 96 * 3_600_000;

const DEFAULT_MAX_CLIENTS = 4_096;

const targetRules = several(field(TARGET_EXAMPLE, parseTargetRule), MAX_TARGET_RULES, 'network');

const keys = z.strictObject({
  ...commonFields,
  listen: several(
    field('ADDRESS:PORT, such as 0.0.0.0:4600 or [::]:4600', parseListen),
    MAX_LISTEN,
    'address',
  )
    .transform((groups) => groups.flat())
    .default(everywhere(DEFAULT_PORT) as Endpoint[]),
  pool: field('an IPv4 network of /8 to /30, such as 10.77.0.0/16', (text) =>
    parseIpv4Network(text, 8, 30),
  ).default('10.77.0.0/16'),
  pool6: pool6.default({ kind: 'auto' }),
  nat: nat.default({ kind: 'auto' }),
  dns: dnsServers.optional(),
  mtu: innerMtu.default(DEFAULT_MTU_BYTES),
  lease: field('a duration such as 96h or 7d', parseDuration).default(DEFAULT_LEASE_MS),
  'max-clients': whole(1, MAX_CLIENTS).default(DEFAULT_MAX_CLIENTS),
  endpoint: field(ENDPOINT_EXAMPLE, parseEndpoint).optional(),
  'allow-target': targetRules.default([]),
  'deny-target': targetRules.default([]),
  'allow-listen': several(field(LISTEN_EXAMPLE, parseListenRule), MAX_LISTEN_RULES, 'port').default([]),
  'max-streams': whole(0, MAX_CHANNELS).default(MAX_CHANNELS),
});

export const serverKind: ConfigKind<ServerConfig> = {
  role: 'server',
  keys: Object.keys(keys.shape),
  schema: keys.transform(
    (values): ServerConfig => ({
      tunName: values.tun,
      stateDir: values['state-dir'],
      metrics: values.metrics,
      dashboard: values.dashboard,
      user: values.user,
      log: { format: values.log, level: values['log-level'] },
      hooks: hooksOf(values),
      listen: values.listen,
      pool: values.pool,
      pool6: values.pool6,
      nat: values.nat,
      dns: values.dns ?? { kind: 'own' },
      mtuBytes: values.mtu,
      leaseMs: values.lease,
      maxClients: values['max-clients'],
      endpoint: values.endpoint,
      streamRules: {
        targets: { allow: values['allow-target'], deny: values['deny-target'] },
        listen: values['allow-listen'],
      },
      maxStreams: values['max-streams'],
    }),
  ),
};
