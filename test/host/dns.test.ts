import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DnsKeeper } from '../../src/host/dns/dns-keeper.ts';
import { machineServers, parseNameservers, upstreamServers } from '../../src/host/dns/nameservers.ts';
import { instanceOf, restoreResolvConf } from '../../src/host/dns/resolv-conf.ts';
import type { HostChanges } from '../../src/host/host-changes.ts';
import type { UndoEntry } from '../../src/host/undo-entry.ts';
import { temporaryDir } from '../state/temporary-dir.ts';

const PATH = process.env.PATH ?? '';
let directory: string;
let file: string;
let made: Map<number, UndoEntry>;
let logged: string[];

beforeEach(() => {
  directory = temporaryDir();
  file = join(directory, 'resolv.conf');
  made = new Map();
  logged = [];
  // Nothing of the machine's own answers.
  process.env.PATH = join(directory, 'bin');
  mkdirSync(process.env.PATH);
});
afterEach(() => {
  process.env.PATH = PATH;
});

/** A stand-in for a program that would change this very machine: notes its words and what it was fed. */
function standIn(name: string, answer = ''): string {
  const path = join(directory, 'bin', name);
  const notes = join(directory, `${name}.log`);
  writeFileSync(
    path,
    `#!/bin/bash\necho "$*" >>${notes}\n[[ $1 == -a ]] && /bin/cat >>${notes}\necho "${answer}"\n`,
  );
  chmodSync(path, 0o755);
  return notes;
}

function keeper(instance = 'resip-vpn-aaaaaa'): DnsKeeper {
  const changes = {
    make: async (entry: UndoEntry, change: () => Promise<void>) => {
      made.set(made.size + 1, entry);
      await change();
      return made.size;
    },
    forget: (id: number) => void made.delete(id),
    undo: async (ids: number[]) => {
      for (const id of ids) await takeBack(id);
    },
  } as unknown as HostChanges;
  const note = (_: object, event: string) => void logged.push(event);
  const log = { debug: note, info: note, warn: note };
  return new DnsKeeper(instance, changes, log, () => {}, file);
}

async function takeBack(id: number): Promise<void> {
  const entry = made.get(id);
  made.delete(id);
  if (entry?.kind === 'resolv-conf') await restoreResolvConf(entry.path, entry.instance, entry.before);
}

describe('a file that nobody manages', () => {
  test('gets our servers, and back what it was, with its mode', async () => {
    writeFileSync(file, 'nameserver 192.168.1.1\n', { mode: 0o640 });
    const dns = keeper();
    await dns.use('tun0', ['9.9.9.9', '2620:fe::fe']);
    expect(parseNameservers(readFileSync(file, 'utf8'))).toEqual(['9.9.9.9', '2620:fe::fe']);
    expect(await dns.ownText()).toBe('nameserver 192.168.1.1\n');
    await dns.use('tun0', []);
    expect(readFileSync(file, 'utf8')).toBe('nameserver 192.168.1.1\n');
    dns.close();
  });

  test('a link stays a link, and what it points to is not written', async () => {
    const target = join(directory, 'managed');
    writeFileSync(target, 'nameserver 192.168.1.1\n');
    symlinkSync('managed', file);
    const dns = keeper();
    await dns.use('tun0', ['9.9.9.9']);
    expect(readFileSync(file, 'utf8')).toContain('9.9.9.9');
    expect(readFileSync(target, 'utf8')).toBe('nameserver 192.168.1.1\n');
    await dns.use('tun0', []);
    expect(readlinkSync(file)).toBe('managed');
    dns.close();
  });

  test('none at all is none again', async () => {
    const dns = keeper();
    await dns.use('tun0', ['9.9.9.9']);
    await dns.use('tun0', []);
    expect(() => readFileSync(file)).toThrow('ENOENT');
    dns.close();
  });

  test('what another program wrote meanwhile is replaced, and is what comes back', async () => {
    writeFileSync(file, 'nameserver 192.168.1.1\n');
    const dns = keeper();
    await dns.use('tun0', ['9.9.9.9']);
    rmSync(file);
    writeFileSync(file, 'nameserver 10.0.0.1\n');
    await dns.keep();
    expect(parseNameservers(readFileSync(file, 'utf8'))).toEqual(['9.9.9.9']);
    expect(logged).toEqual(['dns-set', 'dns-put-back']);
    expect(made.size).toBe(1);
    await dns.use('tun0', []);
    expect(readFileSync(file, 'utf8')).toBe('nameserver 10.0.0.1\n');
    dns.close();
  });

  test('another instance of ours is left alone', async () => {
    const first = keeper();
    await first.use('tun0', ['9.9.9.9']);
    const second = keeper('resip-vpn-bbbbbb');
    await second.use('tun1', ['1.1.1.1']);
    expect(instanceOf(readFileSync(file, 'utf8'))).toBe('resip-vpn-aaaaaa');
    expect(logged).toEqual(['dns-set', 'dns-not-set']);
    first.close();
  });
});

test('what cannot be set is said, and tried again', async () => {
  mkdirSync(file);
  const dns = keeper();
  await dns.use('tun0', ['9.9.9.9']);
  expect(logged.splice(0)).toEqual(['dns-not-set']);
  rmSync(file, { recursive: true });
  writeFileSync(file, 'nameserver 127.0.0.53\n');
  const refuses = standIn('resolvectl');
  writeFileSync(join(directory, 'bin', 'resolvectl'), '#!/bin/bash\n[[ $1 == status ]]\n');
  await dns.use('tun0', ['9.9.9.9']);
  expect(logged).toEqual(['dns-not-set']);
  writeFileSync(join(directory, 'bin', 'resolvectl'), `#!/bin/bash\necho "$*" >>${refuses}\n`);
  await dns.keep();
  expect(readFileSync(refuses, 'utf8')).toContain('dns tun0 9.9.9.9');
});

test('systemd-resolved is told per link, every name', async () => {
  writeFileSync(file, 'nameserver 127.0.0.53\n');
  const notes = standIn('resolvectl', 'Link 7 (tun0): 9.9.9.9');
  const dns = keeper();
  await dns.use('tun0', ['9.9.9.9']);
  await dns.keep();
  expect(readFileSync(notes, 'utf8').trim().split('\n')).toEqual([
    'status --no-pager',
    'dns tun0 9.9.9.9',
    'domain tun0 ~.',
    'default-route tun0 true',
    'dns tun0',
  ]);
  expect([...made.values()]).toEqual([{ kind: 'dns', tool: 'resolvectl', tunName: 'tun0' }]);
  expect(readFileSync(file, 'utf8')).toBe('nameserver 127.0.0.53\n');
});

test.each([
  ['openresolv 3.13', '-a tun0 -m 0 -x'],
  ['Debian resolvconf', '-a tun0'],
])('%s is told about the interface', async (version, words) => {
  writeFileSync(file, 'nameserver 192.168.1.1\n');
  const notes = standIn('resolvconf', version);
  await keeper().use('tun0', ['9.9.9.9', '1.1.1.1']);
  const said = readFileSync(notes, 'utf8');
  expect(said).toContain(`${words}\nnameserver 9.9.9.9\nnameserver 1.1.1.1\n`);
});

test('clients are told of servers that they can ask, and of four at most', async () => {
  const servers = [
    '169.254.1.1',
    'fe80::1%eth0',
    '10.1.1.1',
    '2620:fe::fe',
    '10.1.1.2',
    '10.1.1.3',
    '10.1.1.4',
  ];
  writeFileSync(file, servers.map((server) => `nameserver ${server}\n`).join(''));
  expect(await machineServers(file)).toEqual(['10.1.1.1', '2620:fe::fe', '10.1.1.2', '10.1.1.3']);
  expect(await machineServers(join(directory, 'nowhere'))).toEqual([]);
});

test('a loopback server is not one that can be asked past the tunnel', async () => {
  expect(
    await upstreamServers('# x\nnameserver 10.1.1.1\nnameserver fe80::1%eth0\noptions rotate\n'),
  ).toContain('10.1.1.1');
  expect(await upstreamServers('nameserver 127.0.0.1\nnameserver 10.1.1.1\n')).toEqual(['10.1.1.1']);
});
