/** What is said of interfaces, in words for their owner. */
import { expect, test } from 'vitest';
import type { HostState } from '../../src/host/host-state.ts';
import { checkInterface } from '../../src/host/interface-check.ts';
import type { Address, Link, Route } from '../../src/host/network-objects.ts';
import { describeWay } from '../../src/host/way-out.ts';

const link = (index: number, name: string, rest: Partial<Link> = {}): Link => ({
  index,
  name,
  mtuBytes: 1_500,
  txQueueLength: 1_000,
  isUp: true,
  isRunning: true,
  isLoopback: false,
  isPointToPoint: false,
  ...rest,
});
const wifi = link(2, 'wlan0');
const state: HostState = {
  links: [
    link(1, 'lo', { isLoopback: true }),
    wifi,
    link(3, 'tun0', { kind: 'tun', isPointToPoint: true }),
    link(4, 'wg0', { kind: 'wireguard' }),
  ],
  addresses: [
    {
      linkIndex: 2,
      family: 4,
      address: '192.0.2.2',
      prefixLength: 24,
      isTentative: false,
      isLinkLocal: false,
    },
  ] satisfies Address[],
  routes: [],
};

test('who mistyped an interface is shown what can be a link, and no tunnel', () => {
  const check = checkInterface(state, 'wlna0', 4);
  const text = check.ok ? '' : check.error.message;
  expect(text).toContain('the interface wlna0 does not exist');
  expect(text).toContain('this machine has wlan0\n');
  const bare = checkInterface({ ...state, links: [state.links[0], state.links[2]] }, 'wlan0', 4);
  expect(bare.ok ? '' : bare.error.message).toContain('this machine has no network interface');
});

test('a way is told with its gateway, or that it has none', () => {
  const route = { family: 4, gateway: '192.0.2.1' } as Route;
  expect(describeWay(state, wifi, 4, [route, route]).text).toBe('192.0.2.2 via 192.0.2.1');
  expect(describeWay(state, wifi, 4, []).text).toBe('192.0.2.2 without a gateway');
});
