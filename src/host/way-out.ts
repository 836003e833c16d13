/** The way that leads out of one interface: whether it reaches the server, and when it has become another. */
import type { HostState } from './host-state.ts';
import { type Family, parsePrefix, prefixesOverlap } from './ip-prefix.ts';
import type { Link, Route } from './network-objects.ts';

/** True when one of `routes` leads to one of `addresses` (text). */
export function reachesAny(routes: readonly Route[], addresses: readonly string[]): boolean {
  const wanted = addresses.map(parsePrefix);
  return routes.some(({ destination }) => {
    const prefix = parsePrefix(destination);
    return prefix !== null && wanted.some((address) => address !== null && prefixesOverlap(prefix, address));
  });
}

/**
 * Text that is the same while sockets bound to the interface go on as they are: the device, its addresses, its gateways. When it
 * changes, the server has to learn where this path is now.
 */
export function describeWay(
  state: HostState,
  link: Link,
  family: Family,
  routes: readonly Route[],
): { linkIndex: number; text: string } {
  const addresses = state.addresses
    .filter((address) => address.linkIndex === link.index && address.family === family)
    .filter(({ isTentative, isLinkLocal }) => !isTentative && (family === 4 || !isLinkLocal))
    .map(({ address }) => address);
  const gateways = routes.flatMap(({ gateway }) => (gateway === undefined ? [] : [gateway]));
  return {
    linkIndex: link.index,
    text: [
      ...sorted(addresses),
      ...(gateways.length === 0 ? ['without a gateway'] : ['via', ...sorted(gateways)]),
    ].join(' '),
  };
}

function sorted(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}

/** Kinds of devices that lead through another interface of this machine, or nowhere. */
const NO_UPLINKS = new Set(
  'wireguard ipip sit gre gretap ip6gre ip6gretap ip6tnl vti vti6 xfrm vxlan geneve dummy ifb nlmon vcan'.split(
    ' ',
  ),
);

/**
 * Whether a pattern such as `*` may mean this interface. Loopback and tunnels, our own and those of other VPNs, are used only
 * when they are named. (A TAP device is an Ethernet like any other: TUN ones alone are point-to-point.)
 */
export function mayBeUplink({ isLoopback, isPointToPoint, kind }: Link): boolean {
  return !isLoopback && !(kind === 'tun' && isPointToPoint) && !NO_UPLINKS.has(kind ?? '');
}
