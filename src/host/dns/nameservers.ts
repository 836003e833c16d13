/** Which DNS servers the machine would ask if there were no tunnel. */

import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { RESOLV_CONF } from './dns-way.ts';

/** resolv.conf(5) knows three; systemd-resolved lists those of every link. */
const MAX_NAMESERVERS = 8;
/** As many as a server may name. */
const MAX_PUSHED = 4;
/** Where programs that answer on a loopback address write whom they ask themselves. */
const UPSTREAM_FILES = ['/run/systemd/resolve/resolv.conf', '/run/NetworkManager/no-stub-resolv.conf'];

/** The `nameserver` lines of a resolv.conf. */
export function parseNameservers(text: string): string[] {
  return text
    .split('\n')
    .flatMap((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? [])
    .filter((address) => isIP(address) !== 0);
}

/** Those of `resolvConf` (the text), and where that names a server on this machine, whom this one asks. */
export async function upstreamServers(resolvConf: string): Promise<string[]> {
  const own = parseNameservers(resolvConf);
  const remote = own.filter((address) => !isLoopback(address));
  if (remote.length === own.length) return own.slice(0, MAX_NAMESERVERS);
  const texts = await Promise.all(UPSTREAM_FILES.map((path) => readFile(path, 'utf8').catch(() => '')));
  const found = [...remote, ...texts.flatMap(parseNameservers)].filter((address) => !isLoopback(address));
  return [...new Set(found)].slice(0, MAX_NAMESERVERS);
}

/** Whom this machine asks, as far as others can ask them through it: at most four, none that only neighbours reach. */
export async function machineServers(path = RESOLV_CONF): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const found = await upstreamServers(text);
  return found.filter((address) => !/^(169\.254\.|fe80:)/i.test(address)).slice(0, MAX_PUSHED);
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}
