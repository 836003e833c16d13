/** The doctor finds what was broken, says what to do about it, and leaves nothing behind. */
import { chmodSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import type { Diagnosis } from '../../src/doctor/doctor.ts';
import type { Finding } from '../../src/doctor/finding.ts';
import { hostState } from './lab/host-state.ts';
import type { Lab } from './lab/lab.ts';
import type { Namespace } from './lab/namespace.ts';
import { attempt, waitFor } from './lab/process.ts';
import { shareLab } from './lab/shared-lab.ts';
import { type Daemon, resipVpn, type Vpn } from './lab/vpn.ts';

/** In doubt for a moment is what any path is whose answer was late. */
const CARRIES = expect.stringMatching(/^(up|suspect)$/);
const shared = shareLab();
let lab: Lab;
let vpn: Vpn;
let server: Daemon;
let client: Daemon;
let invite: string;

beforeAll(async () => {
  ({ lab, vpn } = shared);
  for (const namespace of [lab.client.namespace, lab.server]) await setNameserver(namespace, '127.0.0.1');
  server = await vpn.startServer();
  invite = await vpn.invite('laptop');
});

/** `ip netns exec` shows it as /etc/resolv.conf. */
async function setNameserver(namespace: Namespace, address: string): Promise<void> {
  await mkdir(`/etc/netns/${namespace.name}`, { recursive: true });
  writeFileSync(`/etc/netns/${namespace.name}/resolv.conf`, `nameserver ${address}\n`);
}

const namespaceOf = (role: string) => (role === 'client' ? lab.client.namespace : lab.server);

interface Seen {
  readonly code: number | null;
  readonly findings: readonly Finding[];
  /** `LEVEL CHECK: WHAT` */
  readonly lines: readonly string[];
  readonly diagnosis: Diagnosis;
}

async function examine(
  role: 'client' | 'server',
  words: readonly string[] = [],
  around: readonly string[] = [],
): Promise<Seen> {
  const usual = ['doctor', role, '--json', '--state-dir', vpn.stateDir(role)];
  const file = words.includes('--config') ? [] : ['--no-config'];
  const command = [...around, ...resipVpn(...usual, ...file, ...words)];
  const { code, stdout, stderr } = await attempt(namespaceOf(role).command(command));
  if (stdout === '') throw new Error(stderr);
  const diagnosis = JSON.parse(stdout) as Diagnosis;
  const lines = diagnosis.findings.map(({ level, check, what }) => `${level} ${check}: ${what}`);
  for (const { what, level, fix } of diagnosis.findings)
    if (level === 'fault' && !fix) throw new Error(`no remedy: ${what}`);
  return { code, findings: diagnosis.findings, lines, diagnosis };
}

const bad = ({ lines }: Seen) =>
  lines
    .filter((line) => /^(fault|warning)/.test(line))
    .filter((line) => !line.includes('127.0.0.1 does not answer'));
const found = ({ findings }: Seen, check: string, text: string) => {
  const finding = findings.find((one) => one.check === check && one.what.includes(text));
  if (finding === undefined)
    throw new Error(
      `no ${check} with ${text} among\n${findings.map(({ level, check: name, what }) => `${level} ${name}: ${what}`).join('\n')}`,
    );
  return finding;
};

it('says what is missing before anything is set up, to those without rights, and without a device', async () => {
  const config = join(lab.directory, 'bad.toml');
  writeFileSync(config, 'polcy = "bond"\n');
  const [fresh, powerless, deviceless] = await Promise.all([
    examine('client', ['--config', config]),
    examine(
      'client',
      [],
      ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--bounding-set=-all'],
    ),
    examine('client', [], ['unshare', '-m', 'sh', '-c', 'mount -t tmpfs none /dev/net && exec "$@"', 'sh']),
  ]);
  expect(fresh.code).toBe(1);
  expect(found(fresh, 'set-up', 'there are no keys of a client').fix).toContain('resip://');
  expect(found(fresh, 'set-up', 'the configuration is wrong').why).toContain(
    `${config}:1: polcy: unknown; did you mean policy?`,
  );
  expect(powerless.code).toBe(1);
  expect(found(powerless, 'permissions', 'may not').fix).toContain('sudo');
  expect(bad(powerless)).toHaveLength(1);
  expect(found(deviceless, 'tun', 'no TUN device').fix).toContain('modprobe tun');
});

it('tries each interface by a handshake where no client runs, and leaves the machine as it was', async () => {
  client = await vpn.startClient({ invite });
  await client.stop();
  const { namespace, links } = lab.client;
  const before = await hostState(namespace);
  const seen = await examine('client');
  expect(bad(seen)).toEqual([]);
  expect(seen).toMatchObject({ code: 0, diagnosis: { role: 'client', isRunning: false } });
  for (const { interfaceName, publicAddress } of links) {
    const { data } = found(seen, 'way', `${interfaceName}: `);
    expect(data).toMatchObject({
      interface: interfaceName,
      state: CARRIES,
      mtuBytes: 1_500,
      lossOut: 0,
      lossIn: 0,
    });
    expect(data?.nat).toBe('nat-keeps-port');
    expect(data?.observed).toMatch(new RegExp(`^${publicAddress}:\\d+$`));
    expect(data?.rttMs).toBeGreaterThan(9);
  }
  expect(found(seen, 'overlap', 'nothing else uses 10.77.').level).toBe('ok');
  expect(await hostState(namespace)).toBe(before);
});

it('finds strict filters, dead and missing links, clashing networks, and open secrets', async () => {
  const [wifi] = lab.client.links;
  const { namespace } = lab.client;
  await namespace.sysctl({ 'net.ipv4.conf.all.rp_filter': '0', 'net.ipv4.conf.wwan0.rp_filter': '1' });
  await namespace.ip([`addr add 10.77.5.1/24 dev ${wifi.interfaceName}`]);
  await lab.cut('lte');
  const keys = `${vpn.stateDir('client')}/client.json`;
  chmodSync(keys, 0o644);
  const seen = await examine('client', ['-i', 'wlan0', '-i', 'wwan0', '-i', 'eth9']);
  await namespace.sysctl({ 'net.ipv4.conf.all.rp_filter': '2', 'net.ipv4.conf.wwan0.rp_filter': '2' });
  await namespace.ip([`addr del 10.77.5.1/24 dev ${wifi.interfaceName}`]);
  await lab.restore('lte');
  chmodSync(keys, 0o600);
  expect(seen.code).toBe(1);
  expect(found(seen, 'rp-filter', 'strict on wwan0')).toMatchObject({
    level: 'fault',
    fix: expect.stringContaining('sysctl -w net/ipv4/conf/wwan0/rp_filter=2'),
  });
  expect(found(seen, 'overlap', 'overlaps 10.77.5.0/24 on wlan0').fix).toContain('--pool');
  expect(found(seen, 'way', 'wwan0: nothing comes back').level).toBe('warning');
  expect(found(seen, 'way', 'eth9 does not exist').level).toBe('warning');
  expect(found(seen, 'way', 'wlan0: ').level).toBe('ok');
  expect(found(seen, 'set-up', 'others may read the keys').fix).toBe(`chmod 600 ${keys}`);
  expect(found(seen, 'dns', '127.0.0.1 does not answer').level).toBe('warning');
  expect(bad(seen)).toHaveLength(5);
});

it('finds what leaves beside the tunnel of a running client', async () => {
  const { namespace, links } = lab.client;
  const [{ gateway, interfaceName }] = links;
  client = await vpn.startClient({ words: ['--no-dns'] });
  const well = await examine('client');
  expect(bad(well)).toEqual([]);
  expect(found(well, 'leaks', 'everything leaves through the tunnel').level).toBe('ok');
  expect(found(well, 'way', 'wwan0: ').data).toMatchObject({ state: CARRIES });

  await setNameserver(namespace, gateway);
  await namespace.ip([
    `route add 198.18.0.0/15 via ${gateway} dev ${interfaceName}`,
    'rule add to 9.9.9.9 lookup main priority 50',
    'link set tun0 txqueuelen 10',
  ]);
  const seen = await examine('client');
  await namespace.ip([`route del 198.18.0.0/15 via ${gateway} dev ${interfaceName}`, 'rule del priority 50']);
  await setNameserver(namespace, '127.0.0.1');
  expect(seen.code).toBe(1);
  expect(found(seen, 'leaks', 'IPv4 leaves beside the tunnel, over wlan0').level).toBe('fault');
  expect(found(seen, 'leaks', '198.18.0.0/15 is reached beside the tunnel').fix).toContain(
    `ip route del 198.18.0.0/15 via ${gateway} dev wlan0`,
  );
  expect(found(seen, 'dns', `${gateway} go beside the tunnel`).fix).toContain('--dns');
  expect(found(seen, 'limits', 'queue of tun0 holds 10').level).toBe('warning');
  await client.stop();
});

it('finds a server that is not there, and a kill switch that a killed client has left', async () => {
  await server.stop();
  client = vpn.launchClient({ words: ['--kill-switch'] });
  const status = resipVpn('kill-switch', 'status', '--state-dir', vpn.stateDir('client'));
  await waitFor('the kill switch', async () => (await lab.client.namespace.run(status)).trim() === 'on');
  await client.stop('SIGKILL');
  const seen = await examine('client');
  expect(seen.code).toBe(1);
  expect(found(seen, 'leaks', 'the kill switch keeps everything in').fix).toContain(
    'resip-vpn kill-switch off',
  );
  expect(found(seen, 'set-up', 'a client that was killed left').fix).toContain('start it again');
  expect(found(seen, 'way', 'no interface reaches the server 203.0.113.10:4600').fix).toContain('UDP 4600');
  expect((await lab.client.namespace.run(status)).trim()).toBe('on');
  await lab.client.namespace.run(resipVpn('kill-switch', 'off', '--state-dir', vpn.stateDir('client')));
});

const TABLE =
  'table inet others { chain onward { type filter hook forward priority 5; policy drop; }; chain inward { type filter hook input priority 5; policy drop; ip protocol icmp accept; }; }';

it('finds what keeps a server from serving', async () => {
  const well = await examine('server');
  expect(bad(well)).toEqual([]);
  const taken = lab.start(lab.server, [
    'node',
    '-e',
    "require('dgram').createSocket('udp6').bind(4600, () => console.log('bound'))",
  ]);
  await waitFor('the port', () => taken.stdout.includes('bound'));
  await lab.server.ip(['addr add 10.77.9.1/24 dev eth0']);
  await lab.server.run(['nft', '-f', '-'], { input: TABLE });
  const sick = await examine('server');
  await taken.stop();
  await lab.server.ip(['addr del 10.77.9.1/24 dev eth0']);
  await lab.server.run(['nft', 'delete', 'table', 'inet', 'others']);
  expect(sick.code).toBe(1);
  expect(found(sick, 'ports', 'another program listens on UDP [::]:4600').fix).toContain('ss -ulnp');
  expect(found(sick, 'overlap', '10.77.9.0/24 on eth0').fix).toContain('--pool');
  expect(found(sick, 'firewall', 'inet others onward keeps').fix).toContain(
    'nft insert rule inet others onward iifname tun0 accept',
  );
  expect(found(sick, 'firewall', 'inet others inward may keep clients out').fix).toBe(
    'nft insert rule inet others inward udp dport 4600 accept',
  );
  expect(bad(sick)).toHaveLength(4);

  server = await vpn.startServer();
  await lab.server.sysctl({ 'net.ipv4.ip_forward': '0' });
  const still = await examine('server');
  await lab.server.sysctl({ 'net.ipv4.ip_forward': '1' });
  expect(found(still, 'way-out', 'forwards no packets').fix).toBe('sysctl -w net.ipv4.ip_forward=1');
  expect(bad(still)).toHaveLength(1);
});
