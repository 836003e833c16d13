/** `server init`, `invite` and `join` on machines of their own: what they write, whom it belongs to, and what they refuse. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Diagnosis } from '../../src/doctor/doctor.ts';
import { resipVpn } from './lab/vpn.ts';
import { Machine } from './machine.ts';

let machine: Machine;
let invite: string;

beforeAll(async () => {
  machine = await Machine.raise();
  await machine.type(
    'ip link add eth0 type veth peer name away && ip link set away up && ip link set eth0 up && ip addr add 8.1.2.3/24 dev eth0 && ip route add default via 8.1.2.1',
  );
});
afterAll(() => machine?.remove());

const resip = (...words: string[]) => machine.attempt(resipVpn(...words));

it('sets up a server once: keys, configuration, what comes next', async () => {
  const { code, stdout } = await resip('server', 'init', '--pool', '10.9.0.0/24');
  expect(code).toBe(0);
  expect(stdout).toMatch(/clients go out {2}by eth0\n/);
  expect(stdout).toMatch(/clients come in at 8\.1\.2\.3:4600/);
  expect(stdout).toContain('resip-vpn invite laptop --qr');
  expect(await machine.type('stat -c "%U %G %a" /var/lib/resip-vpn/server/server.json')).toBe(
    'resip-vpn resip-vpn 600\n',
  );
  expect(await machine.type('stat -c "%U %G %a" /etc/resip-vpn/server.toml')).toBe('root resip-vpn 640\n');
  const checked = await resip('check-config', 'server');
  expect(checked).toMatchObject({ code: 0, stderr: '' });

  const keys = 'cat /var/lib/resip-vpn/server/server.json /etc/resip-vpn/server.toml';
  const before = await machine.type(keys);
  const again = await resip('server', 'init');
  expect(again).toMatchObject({ code: 1, stdout: '' });
  expect(again.stderr).toMatch(/server\.toml is there already\n.*\n {2}fix: .*--name/);
  expect(await machine.type(keys)).toBe(before);
});

it('invites by the configured address, draws the invite, and leaves nothing that the daemon could not read', async () => {
  const { code, stdout, stderr } = await resip('invite', 'laptop', '--qr');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^resip:\/\/8\.1\.2\.3:4600\/#[\w-]+\n$/);
  expect(stderr).toMatch(/^█{40,}\n/);
  invite = stdout;
  expect(await machine.type('find /var/lib/resip-vpn/server -not -user resip-vpn')).toBe('');
  expect((await resip('clients')).stdout).toMatch(/^laptop +- +invited, for 6 d 23 h more$/m);
});

it('has its doctor look at the server that is set up here, whose keys are spoilt and whose disk is full', async () => {
  const serverDir = '/var/lib/resip-vpn/server';
  const file = `${serverDir}/server.json`;
  const spoil = `mount -t tmpfs -o size=64k small ${serverDir}; chown resip-vpn ${serverDir}; umask 77; echo '{' >${file}; exec "$@"`;
  const around = ['unshare', '--mount', 'bash', '-c', spoil, 'bash'];
  const { stdout, code } = await machine.attempt([...around, ...resipVpn('doctor', '--json')]);
  const { role, stateDir, findings } = JSON.parse(stdout) as Diagnosis;
  expect({ code, role, stateDir }).toEqual({ code: 1, role: 'server', stateDir: serverDir });
  const bad = findings.filter(({ level, check }) => level !== 'ok' && /set-up|limits/.test(check));
  expect(bad.map(({ level, what }) => `${level} ${what}`)).toEqual([
    `fault the keys in ${file} are not those of the user whose directory it is`,
    `fault ${file} is damaged`,
    `warning the disk of ${serverDir} is nearly full`,
  ]);
});

it('withdraws an invite, and its name can be given again', async () => {
  expect((await resip('invite', 'tablet')).code).toBe(0);
  expect((await resip('clients')).stdout).toMatch(/^tablet +- +invited, for 6 d 23 h more$/m);
  expect((await resip('invite', 'tablet')).stderr).toContain('withdraw it: resip-vpn clients revoke tablet');
  expect(await resip('clients', 'revoke', 'tablet')).toMatchObject({ code: 0, stderr: '' });
  expect((await resip('invite', 'tablet')).code).toBe(0);
});

it('makes a client of an invite, from the command line or from stdin, once', async () => {
  const { code, stdout } = await machine.attempt(resipVpn('join', '-i', 'eth0'), { input: invite });
  expect(code).toBe(0);
  expect(stdout).toContain('8.1.2.3:4600, which knows this machine as laptop');
  expect(stdout).toContain('resip-vpn client ');
  const checked = await resip('check-config');
  expect(checked).toMatchObject({ code: 0, stderr: '' });
  expect(checked.stdout).toMatch(/client\.toml: a good .* client\n.*server\.toml: a good .* server\n/);
  expect(await machine.type('cat /etc/resip-vpn/client.toml')).not.toContain('resip://');
  expect(await machine.type('stat -c %a /etc/resip-vpn/client.toml')).toMatch(/^6[04]0\n$/);
  expect((await resip('join', invite.trim())).stderr).toContain('client.toml is there already');
});

it('sets up anew what was set up before, and leaves nothing that the daemon could not read', async () => {
  const dir = '/var/lib/resip-vpn/again';
  await machine.type(`install -d -m 700 -o resip-vpn -g resip-vpn ${dir}`);
  for (const verb of [
    ['server', 'init'],
    ['join', invite.trim(), '-i', 'eth0'],
  ]) {
    expect(await resip(...verb, '--name', 'again')).toMatchObject({ code: 0 });
    await machine.type('rm /etc/resip-vpn/again.toml');
    expect(await machine.type(`find ${dir} -not -user resip-vpn`)).toBe('');
  }
  await machine.type(`rm -r ${dir}`);
});

it('does not guess which of two is meant', async () => {
  const { code, stdout, stderr } = await resip('status');
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain('--state-dir /var/lib/resip-vpn/client');
  expect(stderr).toContain('/var/lib/resip-vpn/server');
  expect(stderr.match(/fix:/g)).toHaveLength(1);
});

it('says what is wrong with a disk that takes nothing, and a key that may not be read', async () => {
  const serverDir = '/var/lib/resip-vpn/server';
  /** Runs a line of shell in file systems of its own, so that what it mounts is gone with it. */
  const apart = (line: string) => machine.attempt(['unshare', '--mount', 'bash', '-c', line]);
  const fill = `rm -rf /mnt/copy; cp -a ${serverDir} /mnt/copy; mount -t tmpfs -o size=64k full ${serverDir}; cp -a /mnt/copy/. ${serverDir}; chown --reference=/mnt/copy ${serverDir}; head -c 99999 /dev/zero >${serverDir}/junk; `;
  for (const verb of ['invite second', 'server']) {
    const { code, stderr } = await apart(fill + resipVpn(...verb.split(' ')).join(' '));
    expect(stderr).toMatch(
      /resip-vpn: \S+ cannot be written\n {2}cause: ENOSPC.*\n {2}fix: make room on its file system: df/,
    );
    expect(code).toBe(1);
  }

  const clientDir = '/var/lib/resip-vpn/client';
  const seal = `mount --bind ${clientDir} ${clientDir}; mount -o remount,bind,ro ${clientDir}; `;
  const sealed = await apart(seal + resipVpn('client').join(' '));
  expect(sealed).toMatchObject({ code: 1 });
  expect(sealed.stderr).toMatch(
    /daemon\.lock cannot be written\n {2}cause: EROFS.*\n {2}fix: mount its file system writable/,
  );

  const takeAway = `chown root: ${serverDir}/server.json; `;
  const unreadable = await apart(
    `${takeAway} ${resipVpn('server').join(' ')}; chown resip-vpn: ${serverDir}/server.json`,
  );
  expect(unreadable.stderr).toMatch(
    /server\.json cannot be read\n {2}cause: EACCES.*\n {2}fix: give it .*chown \d+ /,
  );
  expect(unreadable.stderr).not.toContain('damaged');
});
