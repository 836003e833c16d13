import { endianness } from 'node:os';
import { expect, test } from 'vitest';
import { emitAddress, parseAddress } from '../../src/host/netlink/address-message.ts';
import { emitRoute, parseRoutes } from '../../src/host/netlink/route-message.ts';
import { emitRule, parseRule } from '../../src/host/netlink/rule-message.ts';
import type { Route, Rule } from '../../src/host/network-objects.ts';

const ROUTE: Route = {
  family: 4,
  table: 0x52000001,
  type: 'unicast',
  destination: '10.9.0.0/16',
  linkIndex: 7,
  gateway: '192.0.2.1',
  isOnLink: true,
  metric: 600,
  scope: 0,
  protocol: 171,
  preferredSource: '192.0.2.2',
};

test.each<[string, Route]>([
  ['with everything', ROUTE],
  [
    'default, IPv6',
    { ...ROUTE, family: 6, destination: '::/0', gateway: 'fe80::1', preferredSource: '2001:db8::2' },
  ],
  ['IPv4 over an IPv6 neighbour', { ...ROUTE, gateway: 'fe80::1' }],
  [
    'unreachable',
    {
      family: 4,
      table: 254,
      type: 'unreachable',
      destination: '0.0.0.0/0',
      metric: 0,
      scope: 0,
      protocol: 171,
    },
  ],
])('a route reads back as it was written: %s', (_, route) => {
  expect(parseRoutes(Buffer.concat(emitRoute(route)))).toEqual([route]);
});

test.each<[string, Rule]>([
  [
    'mark',
    {
      family: 4,
      priority: 9,
      action: 'lookup',
      table: 0x52000001,
      mark: 0x52000001,
      mask: 0xffffffff,
      isInverted: false,
      protocol: 171,
    },
  ],
  [
    'not',
    {
      family: 6,
      priority: 32765,
      action: 'unreachable',
      table: 0,
      mark: 0x52000000,
      mask: 0xffffff00,
      isInverted: true,
      protocol: 171,
    },
  ],
  [
    'suppress',
    {
      family: 4,
      priority: 32764,
      action: 'lookup',
      table: 254,
      isInverted: false,
      suppressPrefixLength: 0,
      protocol: 171,
    },
  ],
])('a rule reads back as it was written: %s', (_, rule) => {
  expect(parseRule(Buffer.concat(emitRule(rule)))).toEqual(rule);
});

test.each([
  ['10.77.0.5', 16],
  ['fd77::5', 64],
])('an address reads back as it was written: %s/%d', (address, prefixLength) => {
  const parsed = parseAddress(Buffer.concat(emitAddress(4, address, prefixLength)));
  expect(parsed).toMatchObject({ linkIndex: 4, address, prefixLength, isTentative: false });
  expect(parsed?.peer).toBeUndefined();
});

// Recorded from `ip route add default nexthop via 10.9.9.1 dev v0 nexthop via 10.9.9.3 dev v0` on x86-64.
test.runIf(endianness() === 'LE')('a multipath route is one route per next hop', () => {
  const header = Buffer.from([2, 0, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0]);
  const hops = Buffer.from(
    '10000000030000000800050' + '00a09090110000000030000000800050' + '00a090903',
    'hex',
  );
  const attribute = Buffer.concat([Buffer.from([4 + hops.length, 0, 9, 0]), hops]);
  expect(parseRoutes(Buffer.concat([header, attribute]))).toMatchObject([
    { destination: '0.0.0.0/0', linkIndex: 3, gateway: '10.9.9.1' },
    { destination: '0.0.0.0/0', linkIndex: 3, gateway: '10.9.9.3' },
  ]);
});

test('messages of other address families are no routes, rules or addresses', () => {
  const multicast = Buffer.alloc(64);
  multicast[0] = 128;
  expect(parseRoutes(multicast)).toEqual([]);
  expect(parseRule(multicast)).toBeNull();
  expect(parseAddress(multicast)).toBeNull();
});
