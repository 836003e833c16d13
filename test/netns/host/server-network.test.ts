import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually } from '../../eventually.ts';
import { temporaryDir } from '../../state/temporary-dir.ts';
import { Namespace } from './namespace.ts';

/**
 * A server between an internet and two hosts that play clients behind its TUN interface.
 *
 *   pool 10.77.0.5 -- tun5 | server | eth0 192.0.2.2/24 -- 192.0.2.1 internet (knows no way back to the pool)
 */
let server: Namespace;
let inside: Namespace;
let internet: Namespace;
let before: string;

beforeEach(() => {
  server = new Namespace();
  inside = new Namespace();
  internet = new Namespace();
  server.run(`ip link add eth0 type veth peer name eth0 netns ${internet.name}`);
  // A veth stands in for the TUN: the firewall sees names only, and it carries real packets without an engine.
  server.run(`ip link add tun5 type veth peer name tun5 netns ${inside.name}`);
  server.run('ip addr add 192.0.2.2/24 dev eth0');
  server.run('ip -6 addr add 2001:db8:1::2/64 dev eth0');
  internet.run('ip addr add 192.0.2.1/24 dev eth0');
  internet.run('ip -6 addr add 2001:db8:1::1/64 dev eth0');
  for (const side of [server, internet]) side.run('ip link set eth0 up');
  server.run('ip route add default via 192.0.2.1 dev eth0');
  inside.run('ip addr add 10.77.0.5/16 dev tun5');
  inside.run('ip -6 addr add fd77::5/64 dev tun5');
  inside.run('ip link set tun5 up');
  inside.run('ip route add default via 10.77.0.1 dev tun5 onlink');
  inside.run('ip -6 route add default via fd77::1 dev tun5 onlink');
  server.run('ip link set tun5 up');
  server.run('ip link set tun5 txqueuelen 1000');
  before = server.snapshot();
});
afterEach(async () => {
  for (const namespace of [server, inside, internet]) await namespace.remove();
});

const TUN = { tunName: 'tun5', address: '10.77.0.1', prefixLength: 16, mtuBytes: 1_380 };
const NAT = { tunName: 'tun5', pool: '10.77.0.0/16' };

test('the pool reaches the internet as the server, and close restores all', async () => {
  const agent = server.agent();
  await agent.call('openServer', server.stateDir());
  await agent.call('configureTun', TUN);
  expect(inside.succeeds('ping -c 1 -W 1 192.0.2.1')).toBe(false);
  expect(await agent.call('enableNat', NAT)).toBe('eth0');
  expect(inside.succeeds('ping -c 1 -W 1 192.0.2.1')).toBe(true);
  // Where a cloud tells a machine its secrets.
  internet.run('ip addr add 169.254.169.254/32 dev eth0');
  expect(server.succeeds('ping -c 1 -W 1 169.254.169.254')).toBe(true);
  expect(inside.succeeds('ping -c 1 -W 1 169.254.169.254')).toBe(false);
  await agent.call('close');
  expect(server.snapshot()).toBe(before);
});

test('an IPv6 pool as well', async () => {
  const agent = server.agent();
  await agent.call('openServer', server.stateDir());
  await agent.call('configureTun', { ...TUN, address6: 'fd77::1', prefixLength6: 64 });
  await agent.call('enableNat', { ...NAT, pool6: 'fd77::/64' });
  await eventually(() => expect(inside.succeeds('ping -c 1 -W 1 2001:db8:1::1')).toBe(true));
  await agent.call('close');
  expect(server.snapshot()).toBe(before);
});

test('a policy that drops forwarded packets is passed by the pool and stays for others', async () => {
  server.run('iptables -P FORWARD DROP');
  server.run('iptables -A FORWARD -s 10.99.0.0/16 -j REJECT');
  before = server.snapshot();
  const agent = server.agent();
  await agent.call('openServer', server.stateDir());
  await agent.call('configureTun', TUN);
  await agent.call('enableNat', NAT);
  expect(inside.succeeds('ping -c 1 -W 1 192.0.2.1')).toBe(true);
  inside.run('ip addr add 10.78.0.5/16 dev tun5');
  expect(inside.succeeds('ping -c 1 -W 1 -I 10.78.0.5 192.0.2.1')).toBe(false);
  await agent.call('close');
  expect(server.snapshot()).toBe(before);
});

test('the default route moves to another interface: the pool follows', async () => {
  server.run(`ip link add wan1 type veth peer name wan1 netns ${internet.name}`);
  server.run('ip addr add 198.51.100.2/24 dev wan1');
  internet.run('ip addr add 198.51.100.1/24 dev wan1');
  internet.run('ip addr add 203.0.113.7/32 dev lo');
  for (const side of [server, internet]) side.run('ip link set wan1 up');
  const agent = server.agent();
  await agent.call('openServer', server.stateDir());
  await agent.call('configureTun', TUN);
  await agent.call('enableNat', NAT);
  expect(inside.succeeds('ping -c 1 -W 1 203.0.113.7')).toBe(true);
  server.run('ip link set eth0 down');
  server.run('ip route add default via 198.51.100.1 dev wan1');
  await eventually(() => expect(inside.succeeds('ping -c 1 -W 1 203.0.113.7')).toBe(true));
  expect(server.run('iptables-save -t nat')).not.toContain('-o eth0');
  await agent.call('close');
  expect(server.run('iptables-save')).not.toContain('10.77.0.0');
});

test('NAT up twice is as once, also with other arguments in between', async () => {
  const agent = server.agent();
  await agent.call('openServer', server.stateDir());
  await agent.call('enableNat', NAT);
  const once = server.snapshot();
  await agent.call('enableNat', { ...NAT, pool: '10.78.0.0/16' });
  await agent.call('enableNat', NAT);
  expect(server.snapshot()).toBe(once);
});

test('after kill -9 the next start restores everything', async () => {
  const stateDir = server.stateDir();
  const killed = server.agent();
  await killed.call('openServer', stateDir);
  await killed.call('configureTun', TUN);
  await killed.call('enableNat', { ...NAT, pool6: 'fd77::/64' });
  await killed.kill();
  expect(server.snapshot()).not.toBe(before);
  await server.agent().call('openServer', stateDir);
  expect(server.snapshot()).toBe(before);
});

test.each([['first'], ['second']])(
  'two servers: when the %s goes, the other one keeps forwarding',
  async (goes) => {
    const first = server.agent();
    const second = server.agent();
    await first.call('openServer', server.stateDir());
    await second.call('openServer', server.stateDir());
    await first.call('enableNat', { tunName: 'tun4', pool: '10.76.0.0/16', pool6: 'fd76::/64' });
    await second.call('enableNat', { tunName: 'tun6', pool: '10.78.0.0/16', pool6: 'fd78::/64' });
    const [leaver, stayer] = goes === 'first' ? [first, second] : [second, first];
    await leaver.call('close');
    expect(server.run('sysctl -n net.ipv4.ip_forward net.ipv6.conf.all.forwarding')).toBe('1\n1\n');
    expect(server.run('iptables-save')).toContain(goes === 'first' ? '10.78.0.0/16' : '10.76.0.0/16');
    await stayer.call('close');
    expect(server.snapshot()).toBe(before);
  },
);

test('forwarding that somebody else switched on stays on', async () => {
  server.run('sysctl -qw net.ipv4.ip_forward=1');
  before = server.snapshot();
  const agent = server.agent();
  await agent.call('openServer', server.stateDir());
  await agent.call('enableNat', NAT);
  await agent.call('close');
  expect(server.snapshot()).toBe(before);
});

test('chains that came with ours and that somebody uses since stay', async () => {
  const agent = server.agent();
  await agent.call('openServer', server.stateDir());
  await agent.call('enableNat', NAT);
  server.run('iptables -P FORWARD DROP');
  server.run('iptables -t nat -A POSTROUTING -s 10.99.0.0/16 -j ACCEPT');
  await agent.call('close');
  expect(server.run('iptables -S FORWARD')).toBe('-P FORWARD DROP\n');
  expect(server.run('iptables -t nat -S POSTROUTING')).toContain('-s 10.99.0.0/16');
  expect(server.run('nft list ruleset')).not.toMatch(/mangle|RESIP/);
});

/** For a program that reads its rules from a file. */
function ruleFile(...lines: readonly string[]): string {
  const path = join(temporaryDir(), 'rules');
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

test('nft rules that iptables has no words for, in its own tables, hide nothing of ours', async () => {
  const rules = ruleFile(
    'table ip filter { chain FORWARD { type filter hook forward priority 0; meta mark set numgen inc mod 3; }; }',
    'table ip nat { chain postrouting { type nat hook postrouting priority 100; oifname "eth0" masquerade; }; }',
  );
  server.run(`nft -f ${rules}`);
  expect(server.run('iptables-save')).toContain('is incompatible');
  const look = () => server.run('nft list ruleset') + server.run('sysctl net.ipv4.ip_forward');
  before = look();
  const agent = server.agent();
  await agent.call('openServer', server.stateDir());
  await agent.call('enableNat', NAT);
  await agent.call('enableNat', { ...NAT, pool: '10.78.0.0/16' });
  expect(server.run('nft list chain ip filter FORWARD').match(/jump RESIP/g)).toHaveLength(1);
  await agent.call('close');
  expect(look()).toBe(before);
});

test('legacy rules are told to be in force however many there are', async () => {
  const many = Array.from({ length: 3_000 }, (_, i) => `-A INPUT -s 10.${i >> 8}.${i & 255}.1 -j DROP`);
  server.run(`iptables-legacy-restore ${ruleFile('*filter', ...many, 'COMMIT')}`);
  const agent = server.agent();
  await agent.call('openServer', server.stateDir());
  await agent.call('enableNat', NAT);
  expect(server.run('iptables-legacy-save -t filter')).toContain(
    '-A FORWARD -m comment --comment "resip-vpn',
  );
  await agent.call('close');
  expect(server.run('iptables-legacy-save')).not.toContain('RESIP');
});

test('rules in a foreign chain, in the legacy tables too, outlive us', async () => {
  server.run('iptables-legacy -A FORWARD -s 10.99.0.0/16 -j DROP');
  before = server.run('iptables-legacy-save -t filter').replace(/^#.*\n/gm, '');
  const agent = server.agent();
  await agent.call('openServer', server.stateDir());
  await agent.call('configureTun', TUN);
  await agent.call('enableNat', NAT);
  // The machine speaks legacy: rules in the other kind of table could not pass what the legacy ones drop.
  expect(server.run('iptables-legacy-save')).toContain('MASQUERADE');
  expect(inside.succeeds('ping -c 1 -W 1 192.0.2.1')).toBe(true);
  await agent.call('close');
  expect(server.run('iptables-legacy-save -t filter').replace(/^#.*\n/gm, '')).toBe(before);
});

test('no default route: the error names both ways out', async () => {
  server.run('ip route del default');
  const agent = server.agent();
  await agent.call('openServer', server.stateDir());
  await expect(agent.call('enableNat', NAT)).rejects.toThrow(
    /default route[\s\S]*--nat IFACE[\s\S]*--no-nat/,
  );
  await expect(agent.call('enableNat', { ...NAT, outInterface: 'eth7' })).rejects.toThrow(/eth7[\s\S]*eth0/);
  expect(await agent.call('enableNat', { ...NAT, outInterface: 'eth0' })).toBe('eth0');
});

test('a pool that overlaps a local network is refused, and the network named', async () => {
  const agent = server.agent();
  await agent.call('openServer', server.stateDir());
  await expect(agent.call('checkPools', ['192.0.0.0/16'])).rejects.toThrow(
    /192\.0\.2\.0\/24 on eth0[\s\S]*--pool/,
  );
  await expect(agent.call('checkPools', ['10.77.0.0/16', 'fd77::/64'])).resolves.toBeUndefined();
});

test('a failing step takes back the ones before it', async () => {
  const agent = server.agent();
  await agent.call('openServer', server.stateDir());
  // IPv4's rules stand already when this is found out.
  const request = { ...NAT, pool6: 'fd77::/199' };
  await expect(agent.call('enableNat', request)).rejects.toThrow(/nat\.sh up failed[\s\S]*invalid mask/);
  expect(server.snapshot()).toBe(before);
});
