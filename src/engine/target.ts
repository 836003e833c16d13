/** Targets as people write them, for the core. */
import { isIP } from 'node:net';
import type { Target } from '../proto/stream/stream.ts';
import { parseIpv4, parseIpv6 } from '../proto/wire/ip-text.ts';
import { Protocol } from '../proto/wire/stream-commands.ts';

/** `host`: an address, or a name, which stays one: the other end resolves it. */
export function targetOf(protocol: 'tcp' | 'udp', host: string, port: number): Target {
  return { protocol: protocol === 'udp' ? Protocol.UDP : Protocol.TCP, host: hostBytes(host), port };
}

export function hostBytes(host: string): Uint8Array | string {
  return isIP(host) === 0 ? host : addressBytes(host);
}

/** `address`: IP text. A zone (`%eth0`) means nothing on another machine: it is left off. */
export function addressBytes(address: string): Uint8Array {
  const [plain] = address.split('%');
  const bytes = isIP(plain) === 6 ? parseIpv6(plain) : null;
  if (bytes !== null) return bytes;
  const word = parseIpv4(plain);
  return Uint8Array.of(word >>> 24, word >>> 16, word >>> 8, word);
}
