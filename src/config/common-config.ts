/** What client and server configure alike. */
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { z } from 'zod';
import { choice, field, several, whole } from './fields.ts';
import { type Hooks, hookFields } from './hook-config.ts';
import {
  type LoopbackAddress,
  type MetricsAddress,
  parseInterfaceName,
  parseLoopback,
  parseMetricsAddress,
  parseUserName,
} from './units.ts';

export const DEFAULT_STATE_DIR = '/var/lib/resip-vpn';
export const DEFAULT_CONFIG_DIR = '/etc/resip-vpn';

/** IPv6 needs 1,280 inside; more than an Ethernet frame's worth gains nothing and costs pieces. */
const INNER_MTU_MIN_BYTES = 1_280;
const INNER_MTU_MAX_BYTES = 1_500;

export const interfaceName = field('an interface name of up to 15 characters', parseInterfaceName);

export const innerMtu = whole(INNER_MTU_MIN_BYTES, INNER_MTU_MAX_BYTES, 'bytes');

const MAX_DNS = 4;

export type DnsConfig = { kind: 'off' } | { kind: 'servers'; servers: readonly string[] };

const servers = several(
  field('an IP address, or false', (text) => (isIP(text) ? text : undefined)),
  MAX_DNS,
  'address',
);

/** A flag that may be repeated comes as a list: `--no-dns` is `[false]`. */
export const dnsServers = z.preprocess(
  (value) => (Array.isArray(value) && value.length === 1 ? value[0] : value),
  z.union(
    [
      z.literal(false).transform((): DnsConfig => ({ kind: 'off' })),
      servers.transform((list): DnsConfig => ({ kind: 'servers', servers: list })),
    ],
    { error: `up to ${MAX_DNS} IP addresses, or false` },
  ),
);

export const commonFields = {
  tun: interfaceName.default('tun0'),
  'state-dir': field('a directory', (text) => (text === '' ? undefined : resolve(text))).default(
    DEFAULT_STATE_DIR,
  ),
  metrics: field('127.0.0.1:PORT, [::1]:PORT or unix:/PATH', parseMetricsAddress).optional(),
  dashboard: field('127.0.0.1:PORT or [::1]:PORT', parseLoopback).optional(),
  log: choice(['text', 'json']).default('text'),
  'log-level': choice(['debug', 'info', 'warn', 'error']).default('info'),
  ...hookFields,
  user: field('the name of a user of this machine', parseUserName).optional(),
};

export interface CommonConfig {
  readonly tunName: string;
  readonly stateDir: string;
  readonly log: LogConfig;
  /** Where Prometheus may ask; absent: nowhere. */
  readonly metrics?: MetricsAddress;
  /** Where browsers of this machine find the dashboard; absent: nowhere. */
  readonly dashboard?: LoopbackAddress;
  /** Programs of the owner. */
  readonly hooks: Hooks;
  /** Whom a daemon that root starts turns into; absent: it stays root. */
  readonly user?: string;
}

export interface LogConfig {
  readonly format: 'text' | 'json';
  readonly level: 'debug' | 'info' | 'warn' | 'error';
}

/** One kind of configuration: its keys, and the way from them to the frozen value. */
export interface ConfigKind<T> {
  readonly role: 'client' | 'server';
  readonly keys: readonly string[];
  readonly schema: z.ZodType<T>;
}
