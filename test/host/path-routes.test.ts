import { expect, test } from 'vitest';
import type { HostState } from '../../src/host/host-state.ts';
import { type Link, ROUTE_PROTOCOL, type Route } from '../../src/host/network-objects.ts';
import { routesThrough } from '../../src/host/path-routes.ts';

const LTE: Link = {
  index: 3,
  name: 'lte',
  mtuBytes: 1500,
  txQueueLength: 1000,
  isUp: true,
  isRunning: true,
  isLoopback: false,
  isPointToPoint: false,
};
const TABLE = 0x52000001;

function route(destination: string, more: Partial<Route> = {}): Route {
  const family = destination.includes(':') ? 6 : 4;
  return {
    family,
    table: 254,
    type: 'unicast',
    destination,
    linkIndex: 3,
    metric: 0,
    scope: 0,
    protocol: 2,
    ...more,
  };
}

function through(routes: Route[], link = LTE, family: 4 | 6 = 4): Route[] {
  const state: HostState = { links: [link], addresses: [], routes };
  return routesThrough(state, link, family, TABLE);
}

test('prefixes on the link come before the gateways that they make reachable', () => {
  const found = through([route('0.0.0.0/0', { gateway: '192.0.2.1' }), route('192.0.2.0/24')]);
  expect(found.map((r) => r.destination)).toEqual(['192.0.2.0/24', '0.0.0.0/0']);
  expect(found.every((r) => r.table === TABLE && r.protocol === ROUTE_PROTOCOL)).toBe(true);
});

test('other interfaces, other families and unreachable routes stay out', () => {
  const others = [
    route('10.0.0.0/8', { linkIndex: 4 }),
    route('fd00::/8'),
    route('10.1.0.0/16', { type: 'other' }),
  ];
  expect(through(others)).toEqual([]);
});

test('a default route from a table of policy routing is found; the main one wins over it', () => {
  const policy = route('0.0.0.0/0', { gateway: '192.0.2.9', table: 50 });
  expect(through([policy])[0].gateway).toBe('192.0.2.9');
  expect(through([policy, route('0.0.0.0/0', { gateway: '192.0.2.1' })]).map((r) => r.gateway)).toEqual([
    '192.0.2.1',
  ]);
});

test('routes that differ in metric both stay', () => {
  const two = [
    route('0.0.0.0/0', { gateway: '192.0.2.1', metric: 100 }),
    route('0.0.0.0/0', { gateway: '192.0.2.9', metric: 600 }),
  ];
  expect(through(two)).toHaveLength(2);
});

test.each([
  [4, '0.0.0.0/0'],
  [6, '::/0'],
] as const)('a point-to-point link without an IPv%s default route gets one', (family, destination) => {
  const ppp = { ...LTE, isPointToPoint: true };
  expect(through([], ppp, family)).toMatchObject([{ destination, linkIndex: 3, family }]);
  expect(through([], LTE, family)).toEqual([]);
});

test('thousands of routes are cut, and the default route survives the cut', () => {
  const many = Array.from({ length: 2_000 }, (_, i) => route(`10.${i >> 8}.${i & 255}.0/24`));
  const found = through([...many, route('0.0.0.0/0', { gateway: '10.0.0.1' })]);
  expect(found.length).toBeLessThan(300);
  expect(found.at(-1)?.destination).toBe('0.0.0.0/0');
});
