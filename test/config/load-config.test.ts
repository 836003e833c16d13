import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientKind } from '../../src/config/client-config.ts';
import type { ConfigError } from '../../src/config/diagnostics.ts';
import { NO_HOOKS } from '../../src/config/hook-config.ts';
import { formatInvite } from '../../src/config/invite.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { nearest } from '../../src/config/nearest.ts';
import { serverKind } from '../../src/config/server-config.ts';
import { UserError } from '../../src/errors.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'resip-config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(text: string): string {
  const path = join(folder, 'x.toml');
  writeFileSync(path, text, { mode: 0o600 });
  chmodSync(path, 0o600);
  return path;
}

function failure(run: () => unknown): UserError {
  try {
    run();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('nothing was wrong');
}

describe('defaults', () => {
  test('a client needs an interface and nothing else', () => {
    expect(loadConfig(clientKind, { config: false, interface: ['wlan0'] }).config).toEqual({
      tunName: 'tun0',
      stateDir: '/var/lib/resip-vpn',
      log: { format: 'text', level: 'info' },
      hooks: NO_HOOKS,
      invite: undefined,
      interfaces: [{ pattern: 'wlan0', isBackup: false, isMetered: false }],
      route: { kind: 'all' },
      policy: 'redundant',
      rules: [],
      forwards: [],
      persist: [],
      address: undefined,
      mtuBytes: undefined,
      dns: { kind: 'pushed' },
    });
  });

  test.each([
    [[false], { kind: 'off' }],
    [false, { kind: 'off' }],
    ['9.9.9.9', { kind: 'servers', servers: ['9.9.9.9'] }],
    [['9.9.9.9', '::1'], { kind: 'servers', servers: ['9.9.9.9', '::1'] }],
  ])('dns = %o', (dns, expected) => {
    expect(loadConfig(clientKind, { config: false, interface: ['a'], dns }).config.dns).toEqual(expected);
    expect(loadConfig(serverKind, { config: false, dns }).config.dns).toEqual(expected);
  });

  test('the kill switch is off until it is wished, and then knows what it may let out', () => {
    const read = (more: object) =>
      loadConfig(clientKind, { config: false, interface: ['a'], ...more }).config;
    expect(read({ 'kill-switch-allow': '10.0.0.0/8' }).killSwitch).toBeUndefined();
    expect(read({ 'kill-switch': true, 'kill-switch-allow': '10.0.0.0/8' }).killSwitch).toEqual({
      allowed: ['10.0.0.0/8'],
    });
    expect(() => read({ 'kill-switch': 'yes' })).toThrow('expected true or false');
    expect(() => read({ dns: 'one.one.one.one' })).toThrow('expected up to 4 IP addresses, or false');
  });

  test('a server needs nothing', () => {
    expect(loadConfig(serverKind, { config: false }).config).toMatchObject({
      pool: '10.77.0.0/16',
      listen: [{ host: '::', port: 4600 }],
      nat: { kind: 'auto' },
    });
  });

  test('the result is frozen to the bottom', () => {
    const { config } = loadConfig(serverKind, { config: false });
    expect(Object.isFrozen(config) && Object.isFrozen(config.listen) && Object.isFrozen(config.nat)).toBe(
      true,
    );
  });
});

describe('file', () => {
  test('flags win over the file, and the file over defaults', () => {
    const config = file('interface = ["wlan0", "wwan0"]\nmtu = 1380\nroute = "none"\n');
    const loaded = loadConfig(clientKind, { config, mtu: '1300' });
    expect(loaded.config).toMatchObject({
      interfaces: [{ pattern: 'wlan0' }, { pattern: 'wwan0' }],
      mtuBytes: 1300,
      route: { kind: 'none' },
    });
    expect(loaded.path).toBe(config);
  });

  test('everything wrong is said at once, with the nearest known key, and the exit status is 78', () => {
    const config = file('rout = "none"\nmtu = 99\ninterface = ["wlan0", "a/b"]\n');
    const error = failure(() => loadConfig(clientKind, { config, address: '10.0.0' })) as ConfigError;
    expect(error.exitCode).toBe(78);
    expect(error.message.split('\n').sort()).toEqual([
      '--address: expected an IPv4 address, got "10.0.0"',
      `${config}:1: rout: unknown; did you mean route?`,
      `${config}:2: mtu: expected a whole number of bytes from 1280 to 1500, got 99`,
      `${config}:3: interface[1]: expected an interface name of up to 15 characters, or a pattern such as wwan*, got "a/b"`,
    ]);
  });

  test('broken TOML names line and column, and quotes no secret', () => {
    const config = file('mtu = 1400\ninvite = "resip://h/#secret\n');
    const error = failure(() => loadConfig(clientKind, { config }));
    expect(error.exitCode).toBe(78);
    expect(error.message).toContain(`${config}:2:28: invite`);
    expect(error.message).not.toContain('secret');
  });

  test('a missing file is a bad configuration', () => {
    expect(failure(() => loadConfig(clientKind, { config: join(folder, 'none') })).exitCode).toBe(78);
  });

  test('an invite that others may read is warned about', () => {
    const key = new Uint8Array(32);
    const endpoint = { host: 'vpn.example.org', port: 4600 };
    const invite = formatInvite({ endpoint, serverPublicKey: key, networkKey: key, secret: key, name: 'a' });
    const config = file(`interface = "wlan0"\ninvite = "${invite}"\n`);
    expect(loadConfig(clientKind, { config }).warnings).toEqual([]);
    chmodSync(config, 0o640);
    expect(loadConfig(clientKind, { config }).warnings).toEqual([
      expect.stringContaining(`chmod 600 ${config}`),
    ]);
    chmodSync(config, 0o644);
    const refused = failure(() => loadConfig(clientKind, { config }));
    expect(refused.exitCode).toBe(78);
    expect(refused.message).toContain(`chmod 600 ${config}`);
  });

  test('a broken invite is not repeated in the message', () => {
    const config = file('interface = "wlan0"\ninvite = "resip://h/#AQsecret"\n');
    expect(failure(() => loadConfig(clientKind, { config })).message).not.toContain('AQsecret');
  });
});

describe('flags', () => {
  test('everything wrong is said at once, and the exit status is 2', () => {
    const error = failure(() =>
      loadConfig(serverKind, { config: false, pool: '10.0.0.0/31', nat: '', lease: '7', poool: 'x' }),
    ) as ConfigError;
    expect(error.exitCode).toBe(2);
    expect(error.diagnostics.map(({ key }) => key).sort()).toEqual(['lease', 'nat', 'pool', 'poool']);
    expect(error.message).toContain('--poool: unknown; did you mean pool?');
  });

  test('a flag given twice that counts once is refused', () => {
    expect(failure(() => loadConfig(serverKind, { config: false, tun: ['a', 'b'] })).message).toContain(
      '--tun',
    );
  });

  test('routes: words and networks do not mix', () => {
    const route = (...route: string[]) =>
      loadConfig(clientKind, { config: false, interface: 'a', route }).config.route;
    expect(route('10.1.0.1/16', 'fd00::/8')).toEqual({ kind: 'some', networks: ['10.1.0.0/16', 'fd00::/8'] });
    expect(route('none')).toEqual({ kind: 'none' });
    expect(failure(() => route('all', '10.0.0.0/8')).message).toContain('either all, or none');
  });

  test('the same interface twice is one path', () => {
    const load = (...words: string[]) =>
      loadConfig(clientKind, { config: false, interface: words }).config.interfaces;
    expect(load('a', 'a')).toHaveLength(1);
    expect(failure(() => load('a', 'a,backup')).message).toContain('a with one set of options');
  });

  test('--no-nat and --nat IFACE', () => {
    const nat = (nat: unknown) => loadConfig(serverKind, { config: false, nat }).config.nat;
    expect(nat(false)).toEqual({ kind: 'off' });
    expect(nat('eth0')).toEqual({ kind: 'interface', name: 'eth0' });
  });
});

test('the nearest word is offered only when near', () => {
  expect(nearest('interfce', ['interface', 'invite'])).toBe('interface');
  expect(nearest('zzz', ['interface', 'invite'])).toBeUndefined();
});
