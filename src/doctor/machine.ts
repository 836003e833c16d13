/** One look at the machine's network, for all checks. */
import { readFileSync } from 'node:fs';
import { type HostState, readHostState } from '../host/host-state.ts';
import type { Family } from '../host/ip-prefix.ts';
import { Netlink } from '../host/netlink/netlink.ts';
import { ROUTE_PROTOCOL, type Rule } from '../host/network-objects.ts';
import { runTool } from '../host/run-tool.ts';

/** linux/capability.h. */
const CAP_NET_ADMIN = 12n;

export interface Machine extends HostState {
  readonly rules: readonly Rule[];
}

export async function readMachine(): Promise<Machine> {
  const netlink = new Netlink();
  try {
    return { ...(await readHostState(netlink)), rules: await netlink.rules() };
  } finally {
    netlink.close();
  }
}

/** True when some client on this machine has everything of that family routed into its tunnel. */
export function isFullyRouted({ rules }: Machine, family: Family): boolean {
  return rules.some((rule) => rule.family === family && rule.protocol === ROUTE_PROTOCOL && rule.isInverted);
}

/** The interface that packets to `address` leave by; null when the kernel knows no way or refuses. */
export async function wayTo(address: string): Promise<string | null> {
  const family = address.includes(':') ? '-6' : '-4';
  try {
    const [route] = JSON.parse(await runTool('ip', [family, '-j', 'route', 'get', address]));
    return typeof route?.dev === 'string' ? route.dev : null;
  } catch {
    return null;
  }
}

/** May change the network of this machine. */
export function mayAdministrate(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return ((BigInt(`0x${effective}`) >> CAP_NET_ADMIN) & 1n) === 1n;
}
