/** What leaves a client's machine beside its tunnel. */

import { parsePrefix, prefixesOverlap } from '../../host/ip-prefix.ts';
import { findFirewall, isInForce } from '../../host/kill-switch/firewall.ts';
import { instanceName } from '../../host/kill-switch/switch-plan.ts';
import { TABLE_MAIN } from '../../host/network-objects.ts';
import { type Finding, findings } from '../finding.ts';
import { isFullyRouted, type Machine, wayTo } from '../machine.ts';
import type { Subject } from '../subject.ts';

/** Of the two halves of each family, so that routes to half of the world are seen (that is how some VPNs do it). */
const SAMPLES = { 4: ['9.9.9.9', '198.41.0.4'], 6: ['2620:fe::fe', '2001:500:2::c', '8000::1'] } as const;
/** Networks that are local by nature (RFC 1918, 6598, 3927, 4193, 4291, multicast). */
const LOCAL = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '169.254.0.0/16',
  '127.0.0.0/8',
  '224.0.0.0/4',
  'fc00::/7',
  'fe80::/10',
  'ff00::/8',
  '::1/128',
];

/** False, too, where no firewall tool works: then nobody can have set one up. */
export async function isKillSwitchOn(stateDir: string): Promise<boolean> {
  return findFirewall()
    .then((tool) => isInForce(tool, instanceName(stateDir)))
    .catch(() => false);
}

export async function checkLeaks(machine: Machine, { status, stateDir }: Subject): Promise<Finding[]> {
  const { ok, note, warning, fault } = findings('leaks');
  const isClosed = await isKillSwitchOn(stateDir);
  if (status === undefined) {
    if (!isClosed) return [];
    return [
      fault('the kill switch keeps everything in', {
        why: 'it stayed when the client was killed, or failed',
        fix: `start the client again, or: resip-vpn kill-switch off --state-dir ${stateDir}`,
      }),
    ];
  }
  if (!isFullyRouted(machine, 4))
    return [note('only some networks go into the tunnel', { why: 'the rest leaves as it would without' })];
  const found: Finding[] = [];
  for (const family of [4, 6] as const) {
    for (const address of SAMPLES[family]) {
      const way = await wayTo(address);
      if (way === null || way === status.tunName) continue;
      found.push(
        fault(`IPv${family} leaves beside the tunnel, over ${way}`, {
          why: `the way to ${address} does not lead into ${status.tunName}: another program's routes or rules go first`,
          fix: 'see: ip rule; ip route show table all. Another VPN? End it, or this one',
          data: { family, interface: way },
        }),
      );
      break;
    }
  }
  for (const { destination, gateway, linkIndex } of publicRoutes(machine)) {
    const name = machine.links.find(({ index }) => index === linkIndex)?.name;
    if (name === undefined || name === status.tunName) continue;
    found.push(
      warning(`${destination} is reached beside the tunnel, over ${name}`, {
        why: `a route via ${gateway} says so; a hostile network can offer such routes by DHCP`,
        fix: `if it is not yours: ip route del ${destination} via ${gateway} dev ${name}; a kill switch keeps it in (--kill-switch)`,
        data: { destination, interface: name },
      }),
    );
  }
  if (found.length === 0) found.push(ok('IPv4, IPv6: everything leaves through the tunnel'));
  return isClosed
    ? [...found, ok('the kill switch is on')]
    : [
        ...found,
        note('there is no kill switch', {
          why: 'when the client is killed, everything leaves unprotected',
          fix: '--kill-switch',
        }),
      ];
}

/** Routes of the main table through a gateway, to what is not local by nature. */
function publicRoutes({ routes }: Machine) {
  const local = LOCAL.map((text) => parsePrefix(text));
  return routes.filter(({ table, gateway, destination, type }) => {
    const prefix = parsePrefix(destination);
    if (
      table !== TABLE_MAIN ||
      type !== 'unicast' ||
      gateway === undefined ||
      prefix === null ||
      prefix.prefixLength === 0
    )
      return false;
    return !local.some(
      (other) =>
        other !== null && prefix.prefixLength >= other.prefixLength && prefixesOverlap(prefix, other),
    );
  });
}
