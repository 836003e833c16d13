import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PathResult } from '../../../src/host/path-table.ts';
import { eventually } from '../../eventually.ts';
import type { HostAgent } from './namespace.ts';
import { ASSIGNMENT, SERVER, SERVER6, Uplinks } from './uplinks.ts';

let links: Uplinks;
let before: string;

beforeEach(() => {
  links = new Uplinks();
  before = links.client.snapshot();
});
afterEach(() => links.remove());

async function openPath(
  agent: HostAgent,
  path: number,
  interfaceName: string,
  family = 4,
): Promise<PathResult> {
  return agent.call('openPath', { path, interfaceName, family });
}

async function openedPath(
  agent: HostAgent,
  path: number,
  interfaceName: string,
  family = 4,
): Promise<number> {
  const result = await openPath(agent, path, interfaceName, family);
  if (!result.ok) throw new Error(String(result.error));
  return result.mark;
}

/** One echo, from a socket bound to the interface and marked, as a path's socket is. */
function reaches(interfaceName: string, mark: number, target = SERVER): boolean {
  return links.client.succeeds(`ping -c 1 -W 1 -I ${interfaceName} -m ${mark} ${target}`);
}

function routeTo(target: string, more = ''): { dev: string; table?: string }[] {
  return JSON.parse(links.client.run(`ip -j route get ${target}${more}`));
}

async function everything(agent: HostAgent, stateDir: string, tunName = 'tun7'): Promise<number[]> {
  await agent.call('openClient', stateDir);
  const marks = [await openedPath(agent, 0, 'wifi'), await openedPath(agent, 1, 'lte')];
  marks.push(await openedPath(agent, 2, 'lte', 6));
  await agent.call('configureTun', tunName, ASSIGNMENT, 1_380);
  await agent.call('routeAll', tunName);
  return marks;
}

test('a path reaches the server through its own interface, wherever the main default route goes', async () => {
  const agent = links.client.agent();
  await agent.call('openClient', links.client.stateDir());
  // On this interface the main table alone knows no way to the server.
  links.client.run('ip route del default via 198.51.100.1 dev lte table 50');
  expect(reaches('lte', 0)).toBe(false);
  links.client.run('ip route add default via 198.51.100.1 dev lte table 50');
  const wifi = await openedPath(agent, 0, 'wifi');
  const lte = await openedPath(agent, 1, 'lte');
  expect(reaches('wifi', wifi)).toBe(true);
  expect(reaches('lte', lte)).toBe(true);
  expect(wifi).not.toBe(lte);
});

test('IPv6 paths have tables of their own', async () => {
  const agent = links.client.agent();
  await agent.call('openClient', links.client.stateDir());
  links.client.run('ip -6 route add default via 2001:db8:2::1 dev lte metric 4000');
  const mark = await openedPath(agent, 3, 'lte', 6);
  await eventually(() => expect(reaches('lte', mark, SERVER6)).toBe(true));
});

test('full-device routing takes everything but marked sockets and local networks, and close restores all', async () => {
  const agent = links.client.agent();
  const [wifi, lte] = await everything(agent, links.client.stateDir());
  expect(routeTo('8.8.8.8')[0].dev).toBe('tun7');
  expect(routeTo('192.0.2.77')[0].dev).toBe('wifi');
  expect(routeTo(SERVER, ` mark ${lte} oif lte`)[0].dev).toBe('lte');
  expect(reaches('wifi', wifi)).toBe(true);
  expect(reaches('lte', lte)).toBe(true);
  expect(routeTo('8.8.8.8', ' from 198.51.100.2')[0].dev).toBe('lte');
  await agent.call('close');
  expect(links.client.snapshot()).toBe(before);
});

test('without an IPv6 address in the tunnel, IPv6 is refused at once instead of leaking', async () => {
  const agent = links.client.agent();
  await everything(agent, links.client.stateDir());
  expect(() => links.client.run(`ip -6 route get ${SERVER6}`)).toThrow(/unreachable/);
  expect(routeTo('2001:db8:1::77')[0].dev).toBe('wifi');
});

test('with an IPv6 address in the tunnel, IPv6 goes into it', async () => {
  const agent = links.client.agent();
  await agent.call('openClient', links.client.stateDir());
  const assignment = { ...ASSIGNMENT, address6: 'fd77::5', prefixLength6: 64 };
  await agent.call('configureTun', 'tun7', assignment, 1_380);
  await agent.call('routeAll', 'tun7');
  expect(routeTo(SERVER6)[0].dev).toBe('tun7');
  await agent.call('close');
  expect(links.client.snapshot()).toBe(before);
});

test('asking twice is asking once', async () => {
  const agent = links.client.agent();
  await everything(agent, links.client.stateDir());
  const once = links.client.snapshot();
  await openedPath(agent, 0, 'wifi');
  await openedPath(agent, 1, 'lte');
  await agent.call('configureTun', 'tun7', ASSIGNMENT, 1_380);
  await agent.call('routeAll', 'tun7');
  expect(links.client.snapshot()).toBe(once);
});

test('a new assignment takes the place of the old one', async () => {
  const agent = links.client.agent();
  await everything(agent, links.client.stateDir());
  await agent.call('configureTun', 'tun7', { ...ASSIGNMENT, address: '10.77.0.6' }, 1_300);
  await agent.call('routeAll', 'tun7');
  const shown = links.client.run('ip -4 addr show dev tun7');
  expect(shown).toContain('10.77.0.6/16');
  expect(shown).toContain('mtu 1300');
  expect(shown).not.toContain('10.77.0.5');
  expect(routeTo('8.8.8.8')[0].dev).toBe('tun7');
  await agent.call('close');
  expect(links.client.snapshot()).toBe(before);
});

test('after kill -9 the next start of the same instance restores everything', async () => {
  const stateDir = links.client.stateDir();
  const killed = links.client.agent();
  await everything(killed, stateDir);
  await killed.kill();
  expect(links.client.snapshot()).not.toBe(before);
  const next = links.client.agent();
  await next.call('openClient', stateDir);
  expect(links.client.snapshot()).toBe(before);
});

test.each([[1], [2], [3], [4], [5]])('killed after %d of its steps, it restores as well', async (steps) => {
  const stateDir = links.client.stateDir();
  const killed = links.client.agent();
  const requests: [string, ...unknown[]][] = [
    ['openClient', stateDir],
    ['openPath', { path: 0, interfaceName: 'wifi', family: 4 }],
    ['openPath', { path: 1, interfaceName: 'lte', family: 6 }],
    ['configureTun', 'tun7', ASSIGNMENT, 1_380],
    ['routeAll', 'tun7'],
  ];
  const [opening, ...rest] = requests;
  await killed.call(...opening);
  // All at once: the kill falls into the middle of the next one.
  const answers = rest.map((request) => killed.call(...request));
  await Promise.all(answers.slice(0, steps - 1));
  await killed.kill();
  await links.client.agent().call('openClient', stateDir);
  expect(links.client.snapshot()).toBe(before);
});

test('two instances do not disturb one another', async () => {
  links.addTun('tun8');
  before = links.client.snapshot();
  const first = links.client.agent();
  const second = links.client.agent();
  const firstMarks = await everything(first, links.client.stateDir());
  const secondMarks = await everything(second, links.client.stateDir(), 'tun8');
  expect(new Set([...firstMarks, ...secondMarks]).size).toBe(6);
  expect(reaches('lte', firstMarks[1])).toBe(true);
  expect(reaches('lte', secondMarks[1])).toBe(true);
  await first.call('close');
  expect(reaches('lte', secondMarks[1])).toBe(true);
  expect(routeTo('8.8.8.8')[0].dev).toBe('tun8');
  await second.call('close');
  expect(links.client.snapshot()).toBe(before);
});

test('a state directory in use is refused, and its owner keeps everything', async () => {
  const stateDir = links.client.stateDir();
  const owner = links.client.agent();
  await everything(owner, stateDir);
  const during = links.client.snapshot();
  await expect(links.client.agent().call('openClient', stateDir)).rejects.toThrow(
    /is in use[\s\S]*--state-dir/,
  );
  expect(links.client.snapshot()).toBe(during);
});

test('an interface that is missing, off or without address is named, and the others go on', async () => {
  const agent = links.client.agent();
  await agent.call('openClient', links.client.stateDir());
  links.client.run('ip link add idle type veth peer name idle2');
  const missing = await openPath(agent, 0, 'wwan0');
  expect(missing).toMatchObject({ ok: false, problem: 'missing' });
  expect(String(!missing.ok && missing.error)).toMatch(/wwan0 does not exist[\s\S]*wifi/);
  expect(await openPath(agent, 1, 'idle')).toMatchObject({ ok: false, problem: 'down' });
  links.client.run('ip link set idle up');
  expect(await openPath(agent, 1, 'idle')).toMatchObject({ ok: false, problem: 'no-carrier' });
  links.client.run('ip link set idle2 up');
  // The kernel reports a carrier up to a second after it is there.
  await eventually(async () => {
    expect(await openPath(agent, 1, 'idle')).toMatchObject({ ok: false, problem: 'no-address' });
  });
  expect(reaches('lte', await openedPath(agent, 2, 'lte'))).toBe(true);
});

test('closing one path leaves nothing of it and nothing but it', async () => {
  const agent = links.client.agent();
  await agent.call('openClient', links.client.stateDir());
  await openedPath(agent, 0, 'wifi');
  const one = links.client.snapshot();
  await openedPath(agent, 1, 'lte');
  await agent.call('closePath', 1);
  expect(links.client.snapshot()).toBe(one);
});

test('strict reverse path filtering is reported, not changed', async () => {
  const agent = links.client.agent();
  await agent.call('openClient', links.client.stateDir());
  links.client.run('sysctl -qw net.ipv4.conf.lte.rp_filter=1');
  const result = await openPath(agent, 1, 'lte');
  expect(result.ok && result.warnings[0].fix).toBe('sysctl -w net/ipv4/conf/lte/rp_filter=2');
  expect(links.client.run('sysctl -n net.ipv4.conf.lte.rp_filter')).toBe('1\n');
});

test('single prefixes go into the tunnel; one that is taken is named and nothing of the rest remains', async () => {
  const agent = links.client.agent();
  await agent.call('openClient', links.client.stateDir());
  await agent.call('configureTun', 'tun7', ASSIGNMENT, 1_380);
  const configured = links.client.snapshot();
  await expect(agent.call('routeSome', 'tun7', ['10.9.0.0/16', '10.11.0.0/16'])).resolves.toBeUndefined();
  expect(routeTo('10.9.1.1')[0].dev).toBe('tun7');
  expect(routeTo('8.8.8.8')[0].dev).toBe('wifi');
  links.client.run('ip route add 10.10.0.0/16 dev wifi scope link');
  await expect(agent.call('routeSome', 'tun7', ['10.9.0.0/16', '10.10.0.0/16'])).rejects.toThrow(
    /10\.10\.0\.0\/16/,
  );
  links.client.run('ip route del 10.10.0.0/16 dev wifi');
  expect(links.client.snapshot()).toBe(configured);
});

test('a path follows its interface: carrier lost, back, another gateway', async () => {
  const agent = links.client.agent();
  await agent.call('openClient', links.client.stateDir());
  const mark = await openedPath(agent, 1, 'lte');
  await agent.call('watch', ['lte']);
  links.client.run('ip link set lte down');
  links.client.run('ip link set lte up');
  links.client.run('ip route add default via 198.51.100.9 dev lte table 50');
  links.far.run('ip addr add 198.51.100.9/24 dev lte');
  links.far.run('ip addr del 198.51.100.1/24 dev lte');
  links.far.run('ip addr add 198.51.100.9/24 dev lte');
  await eventually(() => expect(reaches('lte', mark)).toBe(true));
  await agent.call('close');
});

test('rules and routes that another program removes come back', async () => {
  const agent = links.client.agent();
  await everything(agent, links.client.stateDir());
  await agent.call('watch', ['wifi', 'lte']);
  const during = links.client.snapshot();
  links.client.run('ip rule flush protocol 171');
  links.client.run('ip -6 rule flush protocol 171');
  links.client.run('ip route flush table all protocol 171');
  await eventually(() => expect(links.client.snapshot()).toBe(during));
  // A route that cannot be had any more keeps no rule away.
  links.client.run('sysctl -q -w net.ipv6.conf.tun7.disable_ipv6=1');
  const rules = () => links.client.run('ip rule').split('\n').sort();
  const kept = rules();
  links.client.run('ip rule flush protocol 171');
  await eventually(() => expect(rules()).toEqual(kept));
  await agent.call('close');
  expect(links.client.snapshot()).toBe(before);
});
