/**
 * Where packets went that did not arrive: the socket errors and drops of all namespaces of a rig, under nstat's names, and
 * the drops of its devices. A loss without its cause is no result.
 */
import { attempt } from '../../netns/lab/process.ts';
import type { Rig } from '../rig.ts';

const COUNTERS = [
  'IpInDiscards',
  'IpOutDiscards',
  'IpReasmFails',
  'IpFragFails',
  'UdpInErrors',
  'UdpRcvbufErrors',
  'UdpSndbufErrors',
  'UdpInCsumErrors',
  'TcpRetransSegs',
  'TcpExtTCPBacklogDrop',
  'TcpExtTCPRcvQDrop',
];

/** `client UdpRcvbufErrors` or `server tun0 rx dropped` to a count since boot. */
export type DropCounts = ReadonlyMap<string, number>;

export async function readDrops(rig: Rig): Promise<DropCounts> {
  const counts = new Map<string, number>();
  const roles = [['client', rig.client] as const, ['server', rig.server] as const, ['web', rig.web] as const];
  await Promise.all(
    roles.map(async ([role, namespace]) => {
      const [counters, links] = await Promise.all([
        attempt(namespace.command(['nstat', '-a', '-s', '-z', '-j'])),
        attempt(['ip', '-n', namespace.name, '-s', '-j', 'link']),
      ]);
      const kernel = (JSON.parse(counters.stdout) as { kernel: Record<string, number> }).kernel;
      for (const name of COUNTERS) counts.set(`${role} ${name}`, kernel[name] ?? 0);
      for (const link of JSON.parse(links.stdout) as LinkStatistics[]) {
        for (const side of ['rx', 'tx'] as const) {
          const { dropped, errors } = link.stats64[side];
          counts.set(`${role} ${link.ifname} ${side} dropped`, dropped + errors);
        }
      }
    }),
  );
  return counts;
}

/** Those that grew, as `+12 client UdpRcvbufErrors`, the largest first. */
export function grownDrops(before: DropCounts, after: DropCounts): string[] {
  return [...after]
    .map(([name, count]) => ({ name, grown: count - (before.get(name) ?? 0) }))
    .filter(({ grown }) => grown > 0)
    .sort((a, b) => b.grown - a.grown)
    .map(({ name, grown }) => `+${grown} ${name}`);
}

interface LinkStatistics {
  readonly ifname: string;
  readonly stats64: Record<'rx' | 'tx', { readonly dropped: number; readonly errors: number }>;
}
