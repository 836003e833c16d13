import { expect, test } from 'vitest';
import { bestDefaultRoute, type HostState, readHostState } from '../../src/host/host-state.ts';
import type { Netlink } from '../../src/host/netlink/netlink.ts';
import { ROUTE_PROTOCOL, type Route, TABLE_LOCAL, TABLE_MAIN } from '../../src/host/network-objects.ts';

const BOOT = 3;

function route(fields: Partial<Route>): Route {
  return {
    family: 4,
    destination: '0.0.0.0/0',
    type: 'unicast',
    table: TABLE_MAIN,
    protocol: BOOT,
    metric: 100,
    linkIndex: 2,
    ...fields,
  } as Route;
}

const machine = (routes: readonly Route[]): HostState => ({ links: [], addresses: [], routes });

test('the default route is the one that the kernel would take', () => {
  const wifi = route({ metric: 600, linkIndex: 2 });
  const lte = route({ metric: 700, linkIndex: 3 });
  const elsewhere = route({ metric: 0, linkIndex: 4, table: 1_000 });
  const routes = [
    lte,
    elsewhere,
    route({ metric: 1, type: 'unreachable', linkIndex: 0 }),
    route({ metric: 1, destination: '10.0.0.0/8' }),
    wifi,
    route({ metric: 1, family: 6, destination: '::/0', linkIndex: 5 }),
  ];
  expect(bestDefaultRoute(machine(routes), 4)).toBe(wifi);
  expect(bestDefaultRoute(machine(routes), 4, 3)).toBe(lte);
  // Not of the main table is better than none.
  expect(bestDefaultRoute(machine(routes), 4, 4)).toBe(elsewhere);
  expect(bestDefaultRoute(machine(routes), 6)?.linkIndex).toBe(5);
  expect(bestDefaultRoute(machine([]), 4)).toBeUndefined();
});

test('what this program added, and the table of own addresses, is not the machine’s', async () => {
  const foreign = route({});
  const netlink = {
    links: async () => [],
    addresses: async () => [],
    routes: async () => [
      route({ protocol: ROUTE_PROTOCOL }),
      foreign,
      route({ table: TABLE_LOCAL, destination: '10.0.0.1/32' }),
    ],
  } as unknown as Netlink;
  expect((await readHostState(netlink)).routes).toEqual([foreign]);
});
