/** What on this machine gets in the tunnel's way: filters of the kernel, and networks with the same addresses. */
import { firstHost } from '../../daemon/ipv6.ts';
import { WantedInterfaces } from '../../daemon/wanted-interfaces.ts';
import { overlapping, strictOnSeveralWays, strictReversePath } from '../../host/host-warnings.ts';
import { mayBeUplink } from '../../host/way-out.ts';
import { type Finding, findings } from '../finding.ts';
import type { Machine } from '../machine.ts';
import type { Subject } from '../subject.ts';
import type { Ways } from '../way-probe.ts';

/** Interfaces that carry paths, or that a server is reached by. */
function linksInUse(machine: Machine, { role, client, status }: Subject): string[] {
  const own = status?.tunName;
  const names = machine.links
    .filter((link) => mayBeUplink(link) && link.isUp && link.name !== own)
    .map(({ name }) => name);
  if (role === 'server' || client === undefined) return names;
  const wanted = new WantedInterfaces(client.interfaces);
  return names.filter((name) => wanted.specFor(name) !== undefined);
}

export async function checkReversePath(machine: Machine, subject: Subject): Promise<Finding[]> {
  const { ok, fault, warning } = findings('rp-filter');
  const isClient = subject.role === 'client';
  const strict = isClient
    ? await Promise.all(linksInUse(machine, subject).map(strictReversePath))
    : await strictOnSeveralWays(machine);
  const found = strict.filter((warning) => warning !== null);
  if (found.length === 0) return [ok('reverse path filtering lets the answers in')];
  return found.map(({ what, why, fix }) => {
    const lasting = `${fix}; to keep it: echo ${fix.replace('sysctl -w ', '')} >> /etc/sysctl.d/90-resip-vpn.conf`;
    return (isClient ? fault : warning)(what, { why, fix: lasting });
  });
}

/** The tunnel's networks against those of other interfaces. */
export function checkOverlap(machine: Machine, subject: Subject, ways?: Ways): Finding[] {
  const { ok, note, fault, warning } = findings('overlap');
  const networks = tunnelNetworks(machine, subject, ways);
  if (networks.length === 0)
    return [note('the tunnel’s network is not known yet', { why: 'the server assigns it' })];
  const found = networks.flatMap((cidr) =>
    overlapping(machine, cidr, subject.status?.tunName).map((other) => {
      const rest = { data: { network: cidr, other } };
      if (subject.role === 'server')
        return fault(`the pool ${cidr} overlaps ${other}`, {
          ...rest,
          why: 'the server does not start with it',
          fix: 'choose another one: --pool 10.99.0.0/16',
        });
      return warning(`the tunnel’s network ${cidr} overlaps ${other}`, {
        ...rest,
        why: 'hosts in both are reachable in one of them only, the one with the longer prefix',
        fix: 'give the server another --pool, or renumber the local network',
      });
    }),
  );
  return found.length > 0 ? found : [ok(`nothing else uses ${networks.join(', ')}`)];
}

function tunnelNetworks(
  machine: Machine,
  { role, server, status }: Subject,
  ways: Ways | undefined,
): string[] {
  const link = machine.links.find(({ name }) => name === status?.tunName);
  if (link !== undefined) {
    const own = machine.addresses.filter(
      (address) => address.linkIndex === link.index && !address.isLinkLocal,
    );
    return own.map(({ address, prefixLength }) => `${address}/${prefixLength}`);
  }
  if (role === 'client') {
    const { assignment } = ways ?? {};
    return assignment === undefined ? [] : [`${assignment.address}/${assignment.prefixLength}`];
  }
  if (server === undefined) return [];
  const { prefixLength, address } = firstHost(server.pool);
  return [`${address}/${prefixLength}`];
}
