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
const LISTENING = String.raw`(?:(${ADDRESS}):)?(\d+)(?:/(tcp|udp))?`;
const SPEC = new RegExp(`^${LISTENING}:(${ADDRESS}):(\\d+)$`);
const LISTENING_ALONE = new RegExp(`^${LISTENING}$`);

/** As `forward list` shows it and `forward remove` finds it. */
export function forwardId(text: string, direction: Forward['direction']): string {
  return `${direction === 'remote' ? '-R' : '-L'} ${text}`;
}

/** Undefined for what is not one. `direction`: where the port is. */
export function parseForward(text: string, direction: Forward['direction'] = 'local'): Forward | undefined {
  const match = SPEC.exec(text);
  if (match === null) return undefined;
  const [, bind = DEFAULT_BIND, bindPortText, protocol = 'tcp', host, portText] = match;
  const bindAddress = bindAddressOf(bind);
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

/** What a forward is called by: all of it, or where it listens alone (`8080`, `8080/udp`, `127.0.0.1:8080`). Undefined for neither. */
export function parseForwardName(text: string): Partial<Omit<Forward, 'id' | 'direction'>> | undefined {
  const whole = parseForward(text);
  if (whole !== undefined) {
    const { protocol, bindAddress, bindPort, host, port } = whole;
    return { protocol, bindAddress, bindPort, host, port };
  }
  const [, bind, bindPortText = '', protocol] = LISTENING_ALONE.exec(text) ?? [];
  const bindPort = parsePort(bindPortText);
  if (bindPort === undefined) return undefined;
  return {
    bindPort,
    ...(bind === undefined ? {} : { bindAddress: bindAddressOf(bind) }),
    ...(protocol === undefined ? {} : { protocol: protocol === 'udp' ? 'udp' : 'tcp' }),
  };
}

function bindAddressOf(bind: string): string {
  return bind === '*' ? '' : withoutBrackets(bind);
}

function withoutBrackets(text: string): string {
  return text.startsWith('[') ? text.slice(1, -1) : text;
}
