/** Values with units and addresses as users write them. Each parser gives undefined for what it does not understand. */
import { isIPv4, isIPv6 } from 'node:net';
import { formatIpv4, formatIpv6, parseCidr4, parseIpv6 } from '../proto/wire/ip-text.ts';

/** The UDP port when none is named. */
export const DEFAULT_PORT = 4600;

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};

/** Longest duration, 100 years: sums with the clock stay exact. */
const MAX_DURATION_MS = 36_525 * 86_400_000;

/** `7d`, `90m`, `1h30m`, `500ms`: milliseconds. A bare number has no unit and is refused. */
export function parseDuration(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d{1,9})(ms|[smhdw])/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) return undefined;
  const totalMs = parts.reduce((sum, [, count, unit]) => sum + Number(count) * UNIT_MS[unit], 0);
  return totalMs <= MAX_DURATION_MS ? totalMs : undefined;
}

/** Whole decimal number. */
function parseWhole(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** 1..65535. */
export function parsePort(text: string): number | undefined {
  const port = parseWhole(text);
  return port !== undefined && port >= 1 && port <= 65_535 ? port : undefined;
}

/** `80` or `8000-8100`, both ends included. */
export function parsePortRange(text: string): { firstPort: number; lastPort: number } | undefined {
  const [, first = '', last = first] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  const [firstPort, lastPort] = [parsePort(first), parsePort(last)];
  if (firstPort === undefined || lastPort === undefined || lastPort < firstPort) return undefined;
  return { firstPort, lastPort };
}

/** A host name or an address without brackets, and a port. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export const ENDPOINT_EXAMPLE = 'HOST:PORT, such as vpn.example.org:4600 or [2001:db8::1]:4600';

/** `vpn.example.org`, `192.0.2.1:4600`, `[2001:db8::1]:4600`, `2001:db8::1`. */
export function parseEndpoint(text: string): Endpoint | undefined {
  // An IPv6 address to the letter, but what is meant is a port.
  if (text.endsWith(`:${DEFAULT_PORT}`) && isIPv6(text)) return undefined;
  if (isIPv6(text)) return { host: text, port: DEFAULT_PORT };
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d+))?$/.exec(text);
  if (!match) return undefined;
  const [, bracketed, plain, portText] = match;
  const port = portText === undefined ? DEFAULT_PORT : parsePort(portText);
  if (port === undefined) return undefined;
  if (bracketed !== undefined) return isIPv6(bracketed) ? { host: bracketed, port } : undefined;
  return isHostName(plain) ? { host: plain, port } : undefined;
}

/** The form that `parseEndpoint` reads: IPv6 in brackets. */
export function formatEndpoint({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** On this machine. */
export interface LoopbackAddress {
  readonly host: string;
  readonly port: number;
}

export type MetricsAddress = ({ kind: 'tcp' } & LoopbackAddress) | { kind: 'unix'; path: string };

/** `127.0.0.1:9460`, `[::1]:9460`, `unix:/run/x.sock`: on this machine alone, for there is no password. */
export function parseMetricsAddress(text: string): MetricsAddress | undefined {
  if (text.startsWith('unix:/')) return { kind: 'unix', path: text.slice('unix:'.length) };
  const endpoint = parseLoopback(text);
  return endpoint && { kind: 'tcp', ...endpoint };
}

/** `127.0.0.1:9461`, `[::1]:9461`. */
export function parseLoopback(text: string): LoopbackAddress | undefined {
  const endpoint = /:\d+$/.test(text) ? parseEndpoint(text) : undefined;
  const isLocal = endpoint !== undefined && (/^127\.[\d.]+$/.test(endpoint.host) || endpoint.host === '::1');
  return isLocal ? endpoint : undefined;
}

/**
 * What a `Host` header may say to a server on the loopback: `localhost:9461`, also where ssh forwards another port; never a name
 * that a stranger's DNS could have led here.
 */
export function isLoopbackName(host: string | undefined): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i.test(host ?? '');
}

/** Where to listen: as an endpoint, but an address. `:4600` and `4600` mean every address of both families. */
export function parseListen(text: string): readonly Endpoint[] | undefined {
  const anywhere = /^:?(\d+)$/.exec(text);
  if (anywhere) {
    const port = parsePort(anywhere[1]);
    return port === undefined ? undefined : everywhere(port);
  }
  const endpoint = parseEndpoint(text);
  return endpoint && (isIPv4(endpoint.host) || isIPv6(endpoint.host)) ? [endpoint] : undefined;
}

/** Every address of both families: the IPv6 wildcard's socket takes IPv4 as well. */
export function everywhere(port: number): readonly Endpoint[] {
  return [{ host: '::', port }];
}

/** Canonical `network/length` with host bits cleared. */
export function parseIpv4Network(text: string, minLength: number, maxLength: number): string | undefined {
  const cidr = parseCidr4(text);
  if (cidr === null || cidr.prefixLength < minLength || cidr.prefixLength > maxLength) return undefined;
  return `${formatIpv4(cidr.network)}/${cidr.prefixLength}`;
}

/** Canonical `network/length` with host bits cleared. */
export function parseIpv6Network(text: string, minLength: number, maxLength: number): string | undefined {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const bytes = match && parseIpv6(match[1]);
  if (!bytes) return undefined;
  const length = Number(match[2]);
  if (length < minLength || length > maxLength) return undefined;
  for (let bit = length; bit < 128; bit++) bytes[bit >> 3] &= ~(0x80 >> (bit & 7));
  return `${formatIpv6(bytes)}/${length}`;
}

/** A network of either family. */
export function parseNetwork(text: string): string | undefined {
  return parseIpv4Network(text, 0, 32) ?? parseIpv6Network(text, 0, 128);
}

/** What the kernel takes as an interface name (`dev_valid_name`): up to 15 bytes, no slash, no blank, no colon. */
export function parseInterfaceName(text: string): string | undefined {
  const isValid =
    /^[^\s/:]{1,15}$/.test(text) && Buffer.byteLength(text) <= 15 && text !== '.' && text !== '..';
  return isValid ? text : undefined;
}

/** Names of clients: they travel in invites and stand in file names, logs and metrics. */
export function parseClientName(text: string): string | undefined {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(text) ? text : undefined;
}

/** What useradd(8) takes. */
export function parseUserName(text: string): string | undefined {
  return /^[a-z_][a-z0-9_-]{0,31}$/.test(text) ? text : undefined;
}

/** Letters, digits, hyphens and dots (RFC 1123 §2.1); an all-numeric last label would be a broken IPv4 address. */
function isHostName(text: string): boolean {
  if (isIPv4(text)) return true;
  const labels = text.replace(/\.$/, '').split('.');
  const isLabel = (label: string) => /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/.test(label);
  return text.length <= 253 && labels.every(isLabel) && !/^\d+$/.test(labels[labels.length - 1]);
}
