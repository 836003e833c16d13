/**
 * Rules of a server's owner for the streams of its clients. Where they may lead: `10.0.0.0/8`, `192.0.2.5:22`,
 * `[2001:db8::]/32:80-90`; where clients may have the server listen: `2222`, `*:8000-8100`, `[::1]:22`. With `CLIENT@` in front,
 * for one client alone.
 */
import { isIP } from 'node:net';
import type { ListenRule, TargetRule } from '../engine/messages.ts';
import { parseClientName, parseNetwork, parsePortRange } from './units.ts';

export const TARGET_EXAMPLE =
  '[CLIENT@]NETWORK with or without ports, such as 10.0.0.0/8, laptop@192.0.2.5:22 or [2001:db8::]/32:80-90';
export const LISTEN_EXAMPLE =
  '[CLIENT@][ADDRESS:]PORT or FIRST-LAST, such as 2222, sensor@2222 or *:8000-8100';

const TARGET = /^(?:\[([^\]]+)\]|([^:[\]/]+))(\/\d+)?(?::([\d-]+))?$/;
const LISTEN = /^(?:(?:\[([^\]]+)\]|([^:[\]]+)):)?([\d-]+)$/;
const EVERY_PORT = { firstPort: 0, lastPort: 65_535 } as const;

/** Undefined for what is not one. */
export function parseTargetRule(text: string): TargetRule | undefined {
  return withClient(text, (rest) => {
    const match = TARGET.exec(rest);
    if (match === null) return undefined;
    const [, address6, address4, length = address6 === undefined ? '/32' : '/128', portsText] = match;
    const network = parseNetwork((address6 ?? address4) + length);
    const ports = portsText === undefined ? EVERY_PORT : parsePortRange(portsText);
    return network === undefined || ports === undefined ? undefined : { network, ...ports };
  });
}

/** Undefined for what is not one. */
export function parseListenRule(text: string): ListenRule | undefined {
  return withClient(text, (rest) => {
    const match = LISTEN.exec(rest);
    if (match === null) return undefined;
    const [, address6, address4, portsText] = match;
    const address = address6 ?? address4;
    const ports = parsePortRange(portsText);
    const isAddress = address === undefined || address === '*' || isIP(address) === (address6 ? 6 : 4);
    return !isAddress || ports === undefined ? undefined : { ...(address && { address }), ...ports };
  });
}

function withClient<T extends object>(text: string, parse: (rest: string) => T | undefined) {
  const at = text.indexOf('@');
  const rule = parse(text.slice(at + 1));
  if (at === -1 || rule === undefined) return rule;
  const client = parseClientName(text.slice(0, at));
  return client === undefined ? undefined : { client, ...rule };
}
