/** One look at the machine's network: links, addresses and routes, taken together. */
import type { Family } from './ip-prefix.ts';
import type { Netlink } from './netlink/netlink.ts';
import {
  type Address,
  type Link,
  ROUTE_PROTOCOL,
  type Route,
  TABLE_LOCAL,
  TABLE_MAIN,
} from './network-objects.ts';

export interface HostState {
  readonly links: readonly Link[];
  readonly addresses: readonly Address[];
  /** Neither the kernel's local table nor what this program added. */
  readonly routes: readonly Route[];
}

export async function readHostState(netlink: Netlink): Promise<HostState> {
  const links = await netlink.links();
  const addresses = await netlink.addresses();
  const routes = await netlink.routes();
  const isForeign = (route: Route) => route.table !== TABLE_LOCAL && route.protocol !== ROUTE_PROTOCOL;
  return { links, addresses, routes: routes.filter(isForeign) };
}

export function linkNamed(state: HostState, name: string): Link | undefined {
  return state.links.find((link) => link.name === name);
}

export function isDefaultRoute(route: Route): boolean {
  return route.type === 'unicast' && route.destination.endsWith('/0');
}

/** The default route of a family that the kernel prefers, on one link or on any; the main table's before others. */
export function bestDefaultRoute(state: HostState, family: Family, linkIndex?: number): Route | undefined {
  return state.routes
    .filter((route) => route.family === family && isDefaultRoute(route))
    .filter((route) => linkIndex === undefined || route.linkIndex === linkIndex)
    .sort(
      (a, b) => Number(b.table === TABLE_MAIN) - Number(a.table === TABLE_MAIN) || a.metric - b.metric,
    )[0];
}
