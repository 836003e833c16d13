/**
 * One port forward, as ssh writes it:
 *
 *   8080:intranet.example:80
 *   127.0.0.1:5432:[2001:db8::5]:5432
 *   *:8080:10.0.0.5:80                  listens on every address
 */
import { isIP } from 'node:net';
import type { Forward } from '../engine/messages.ts';
import { parseEndpoint, parsePort } from './units.ts';

export const FORWARD_EXAMPLE = '[BIND:]PORT:HOST:PORT, such as 8080:intranet.example:80';

/** Others reach a port only where it is said so. */
const DEFAULT_BIND = '127.0.0.1';
const ADDRESS = String.raw`\[[^\]]+\]|[^:[\]]+`;
const SPEC = new RegExp(`^(?:(${ADDRESS}):)?(\\d+):(${ADDRESS}):(\\d+)$`);

/** Undefined for what is not one. */
export function parseForward(text: string): Forward | undefined {
  const match = SPEC.exec(text);
  if (match === null) return undefined;
  const [, bind = DEFAULT_BIND, bindPortText, host, portText] = match;
  const bindAddress = bind === '*' ? '' : withoutBrackets(bind);
  const bindPort = parsePort(bindPortText);
  const target = parseEndpoint(`${host}:${portText}`);
  if (bindPort === undefined || target === undefined || (bindAddress !== '' && isIP(bindAddress) === 0))
    return undefined;
  return { id: text, bindAddress, bindPort, host: target.host, port: target.port };
}

function withoutBrackets(text: string): string {
  return text.startsWith('[') ? text.slice(1, -1) : text;
}
