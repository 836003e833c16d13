/** Where streams may lead, as the server's owner writes it: `10.0.0.0/8`, `192.0.2.5:22`, `[2001:db8::]/32:80-90`. */
import type { TargetRule } from '../engine/messages.ts';
import { parseNetwork, parsePort } from './units.ts';

export const TARGET_EXAMPLE =
  'a network with or without ports, such as 10.0.0.0/8, 192.0.2.5:22 or [2001:db8::]/32:80-90';

const RULE = /^(?:\[([^\]]+)\]|([^:[\]/]+))(\/\d+)?(?::(\d+)(?:-(\d+))?)?$/;
const LAST_PORT = 65_535;

/** Undefined for what is not one. */
export function parseTargetRule(text: string): TargetRule | undefined {
  const match = RULE.exec(text);
  if (match === null) return undefined;
  const [, address6, address4, length, first, last] = match;
  const network = parseNetwork(
    (address6 ?? address4) + (length ?? (address6 === undefined ? '/32' : '/128')),
  );
  if (network === undefined) return undefined;
  if (first === undefined) return { network, firstPort: 0, lastPort: LAST_PORT };
  const firstPort = parsePort(first);
  const lastPort = last === undefined ? firstPort : parsePort(last);
  if (firstPort === undefined || lastPort === undefined || lastPort < firstPort) return undefined;
  return { network, firstPort, lastPort };
}
