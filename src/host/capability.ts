/** Which rights this process has: root's without root's name is what services run with (capabilities(7)). */
import { readFileSync } from 'node:fs';

const CAP_NET_ADMIN = 12n;

/** Interfaces, routes, rules and the firewall can be changed. */
export function mayChangeNetwork(): boolean {
  const status = readFileSync('/proc/self/status', 'utf8');
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  return ((effective >> CAP_NET_ADMIN) & 1n) === 1n;
}
