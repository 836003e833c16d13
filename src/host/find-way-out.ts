/** How this machine reaches the world, as its kernel decides. */
import { BlockList, isIPv6 } from 'node:net';
import { runTool } from './run-tool.ts';

export interface WayOut {
  readonly interfaceName: string;
  /** Its address, where others can reach it: no private one, none of a carrier's NAT. */
  readonly publicAddress?: string;
}

/** Some address out there (RFC 5737, RFC 3849): nothing is sent to it. */
const PROBES = ['198.51.100.1', '2001:db8::1'] as const;

/** IPv4's before IPv6's. Undefined: there is none. */
export async function findWayOut(): Promise<WayOut | undefined> {
  for (const probe of PROBES) {
    const text = await runTool('ip', ['-j', 'route', 'get', probe]).catch(() => '[]');
    const [route] = JSON.parse(text) as { dev?: string; prefsrc?: string }[];
    if (route?.dev === undefined || route.dev === 'lo') continue;
    const address = route.prefsrc;
    const isOpen = address !== undefined && isPublic(address);
    return { interfaceName: route.dev, ...(isOpen ? { publicAddress: address } : {}) };
  }
  return undefined;
}

const NOT_PUBLIC = new BlockList();
for (const [network, length] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const) {
  NOT_PUBLIC.addSubnet(network, length, 'ipv4');
}

/** IPv6: 2000::/3 is what is global. */
function isPublic(address: string): boolean {
  return isIPv6(address)
    ? /^[23]/.test(address) && address.includes(':')
    : !NOT_PUBLIC.check(address, 'ipv4');
}
