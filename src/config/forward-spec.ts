/**
 * One port forward, as ssh writes it:
 *
 *   8080:intranet.example:80
 *   127.0.0.1:5432:[2001:db8::5]:5432
 *   *:8080:10.0.0.5:80                  listens on every address
 *   5353/udp:192.0.2.53:53              datagrams
 */
import { isIP } from 'node:net';
import type { Forward } from '../engine/messages.ts';
import { parseEndpoint, parsePort } from './units.ts';

export const FORWARD_EXAMPLE =
  '[BIND:]PORT[/udp]:HOST:PORT, such as 8080:intranet.example:80 or 5353/udp:192.0.2.53:53';

/** Others reach a port only where it is said so. */
const DEFAULT_BIND = '127.0.0.1';
const ADDRESS = String.raw`\[[^\]]+\]|[^:[\]]+`;
const SPEC = new RegExp(`^(?:(${ADDRESS}):)?(\\d+)(?:/(tcp|udp))?:(${ADDRESS}):(\\d+)$`);

/** As `forward list` shows it and `forward remove` finds it. */
export function forwardId(text: string, direction: Forward['direction']): string {
  return `${direction === 'remote' ? '-R' : '-L'} ${text}`;
}

/** Undefined for what is not one. `direction`: where the port is. */
export function parseForward(text: string, direction: Forward['direction'] = 'local'): Forward | undefined {
  const match = SPEC.exec(text);
  if (match === null) return undefined;
  const [, bind = DEFAULT_BIND, bindPortText, protocol = 'tcp', host, portText] = match;
  const bindAddress = bind === '*' ? '' : withoutBrackets(bind);
  const bindPort = parsePort(bindPortText);
  const target = parseEndpoint(`${host}:${portText}`);
  if (bindPort === undefined || target === undefined || (bindAddress !== '' && isIP(bindAddress) === 0))
    return undefined;
  return {
    id: forwardId(text, direction),
    direction,
    protocol: protocol === 'udp' ? 'udp' : 'tcp',
    bindAddress,
    bindPort,
    host: target.host,
    port: target.port,
  };
}

function withoutBrackets(text: string): string {
  return text.startsWith('[') ? text.slice(1, -1) : text;
}
