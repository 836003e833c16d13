/** Who decides about DNS on this machine, and so how the tunnel's servers come into force. */
import { readdir, realpath, stat } from 'node:fs/promises';
import { hasTool } from '../run-tool.ts';
import { instanceOf, isMounted, readResolvConf } from './resolv-conf.ts';

export const RESOLV_CONF = '/etc/resolv.conf';

export type DnsWay =
  /** systemd-resolved: per link. */
  | { kind: 'resolvectl' }
  /** openresolv, or Debian's resolvconf. */
  | { kind: 'resolvconf' }
  /** Nobody: the file itself. */
  | { kind: 'file' }
  /** It is not for us to say. */
  | { kind: 'none'; why: string; fix: string };

/** `instance` is the one that asks. */
export async function findDnsWay(instance: string, path = RESOLV_CONF): Promise<DnsWay> {
  // Both programs speak for the machine's own namespace, wherever they are called.
  if (await isMachineNamespace()) {
    if ((await isManagedByResolved(path)) && (await hasTool('resolvectl', ['status', '--no-pager'])))
      return { kind: 'resolvectl' };
    if (await hasTool('resolvconf', ['--version'])) return { kind: 'resolvconf' };
  } else if (!(await isMounted(path))) {
    return {
      kind: 'none',
      why: `this network namespace shares ${path} with the machine`,
      fix: `give it one of its own, /etc/netns/NAME/resolv.conf, and start this with \`ip netns exec\`; or say --no-dns`,
    };
  }
  const owner = instanceOf(await readResolvConf(path));
  if (owner === null || owner === instance) return { kind: 'file' };
  return {
    kind: 'none',
    why: `another resip-vpn (${owner}) has set those of its tunnel`,
    fix: 'stop that one, or say --no-dns',
  };
}

/**
 * The network namespace is that of the first process. A hardened unit may not look at that one: then it is, unless it is
 * one of those that `ip netns` has named.
 */
async function isMachineNamespace(): Promise<boolean> {
  const own = await inodeOf('/proc/self/ns/net');
  const first = await inodeOf('/proc/1/ns/net');
  if (first !== undefined) return first === own;
  const names = await readdir('/run/netns').catch(() => []);
  const named = await Promise.all(names.map((name) => inodeOf(`/run/netns/${name}`)));
  return !named.includes(own);
}

async function inodeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ ino }) => ino,
    () => undefined,
  );
}

/** Its stub is asked, or its list is used. */
async function isManagedByResolved(path: string): Promise<boolean> {
  const target = await realpath(path).catch(() => '');
  if (target.startsWith('/run/systemd/resolve/')) return true;
  return /^\s*nameserver\s+127\.0\.0\.5[34]\b/m.test(await readResolvConf(path));
}
