/** The routes of one interface, rewritten for a table of its own. */
import type { HostState } from './host-state.ts';
import { type Family, familyOf } from './ip-prefix.ts';
import { SCOPE_LINK } from './netlink/values.ts';
import { type Link, ROUTE_PROTOCOL, type Route, TABLE_MAIN } from './network-objects.ts';

/** More routes than this through one interface are a router's; its default route reaches the server all the same. */
const MAX_ROUTES = 256;

/**
 * In the order in which the kernel takes them: prefixes on the link, then what lies behind gateways. Routes come from
 * every table, the main one first (policy routing keeps a second uplink's default route elsewhere). A point-to-point
 * link without a default route gets one: whatever enters it leaves at the other end.
 */
export function routesThrough(state: HostState, link: Link, family: Family, table: number): Route[] {
  const chosen = new Map<string, Route>();
  const own = state.routes
    .filter((route) => route.linkIndex === link.index && route.family === family && route.type === 'unicast')
    .sort((a, b) => rank(a) - rank(b));
  const candidates = [...own.filter((r) => !isDefault(r)).slice(0, MAX_ROUTES), ...own.filter(isDefault)];
  for (const route of candidates) {
    const key = `${route.destination} ${route.metric}`;
    if (!chosen.has(key)) chosen.set(key, { ...route, table, protocol: ROUTE_PROTOCOL });
  }
  const routes = [...chosen.values()];
  if (link.isPointToPoint && !routes.some(isDefault)) routes.push(deviceRoute(anywhere(family), link, table));
  return routes;
}

/** What the kernel makes of metric 0 in IPv6 (IP6_RT_PRIO_USER); said outright, so that it reads back the same. */
const METRIC_IPV6 = 1_024;

/** A route straight into an interface. */
export function deviceRoute(destination: string, link: Link, table: number): Route {
  const family = familyOf(destination);
  return {
    family,
    table,
    type: 'unicast',
    destination,
    linkIndex: link.index,
    metric: family === 6 ? METRIC_IPV6 : 0,
    scope: family === 6 ? 0 : SCOPE_LINK,
    protocol: ROUTE_PROTOCOL,
  };
}

/** The default destination. */
export function anywhere(family: Family): string {
  return family === 4 ? '0.0.0.0/0' : '::/0';
}

export function isSameRoute(a: Route, b: Route): boolean {
  return (
    a.destination === b.destination &&
    a.metric === b.metric &&
    a.linkIndex === b.linkIndex &&
    a.gateway === b.gateway &&
    a.preferredSource === b.preferredSource &&
    a.table === b.table
  );
}

/** Prefixes on the link before gateways, the main table before others. */
function rank(route: Route): number {
  return (route.gateway ? 2 : 0) + (route.table === TABLE_MAIN ? 0 : 1);
}

function isDefault(route: Route): boolean {
  return route.destination.endsWith('/0');
}
