import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { invite } from '../../src/cli/invite-action.ts';
import { NO_HOOKS } from '../../src/config/hook-config.ts';
import type { ServerConfig } from '../../src/config/server-config.ts';
import { askDaemon } from '../../src/control/control-client.ts';
import { ControlServer } from '../../src/control/control-server.ts';
import { startServer } from '../../src/daemon/server.ts';
import type { ClientRecord, ServerEngineOptions } from '../../src/engine/messages.ts';
import type { UserError } from '../../src/errors.ts';
import { eventually } from '../eventually.ts';
import { temporaryDir } from '../state/temporary-dir.ts';
import { surroundings } from './fakes.ts';

function config(overrides: Partial<ServerConfig> = {}): ServerConfig {
  return {
    tunName: 'tun7',
    stateDir: temporaryDir(),
    log: { format: 'text', level: 'info' },
    hooks: NO_HOOKS,
    listen: [{ host: '0.0.0.0', port: 4600 }],
    pool: '10.99.0.0/16',
    pool6: { kind: 'network', network: 'fd00:99::/64' },
    nat: { kind: 'auto' },
    dns: { kind: 'off' },
    mtuBytes: 1_400,
    leaseMs: 1_000,
    maxClients: 10,
    streamRules: { targets: { allow: [], deny: [] }, listen: [] },
    maxStreams: 1_024,
    ...overrides,
  };
}

async function start(overrides: Partial<ServerConfig> = {}) {
  const around = surroundings();
  const used = config(overrides);
  await startServer(used, around.serverParts, around.life);
  return { ...around, config: used, engine: around.engines[0] };
}

test('a second machine with the keys of a client is named, with what to do', async () => {
  const { engine, log } = await start();
  engine.emit({ kind: 'peer-stale', name: 'phone' });
  expect(log.of('client-twice')).toMatchObject([
    { fields: { name: 'phone', fix: expect.stringContaining('resip-vpn invite NAME') } },
  ]);
});

const key = Buffer.alloc(32, 1).toString('base64');
const client: ClientRecord = { publicKey: key, name: 'phone', psk: key, counter: 1, lastSeenMs: 0 };

test('the pool is checked before the tunnel exists; addresses and NAT come before "listening"', async () => {
  const { journal } = await start();
  expect(journal.map((step) => step.split(' {')[0])).toEqual([
    'network opened',
    'checked 10.99.0.0/16',
    'engine started',
    expect.stringContaining('"address":"10.99.0.1","prefixLength":16'),
    'nat undefined',
    'log listening',
    'told READY=1\nSTATUS=listening on 0.0.0.0:4600',
  ]);
});

test('--nat IFACE and --no-nat', async () => {
  expect((await start({ nat: { kind: 'interface', name: 'wan0' } })).journal).toContain('nat wan0');
  const { journal } = await start({ nat: { kind: 'off' } });
  expect(journal.filter((step) => step.startsWith('nat'))).toEqual([]);
});

test('both wildcards at one port are one socket', async () => {
  const listen = [
    { host: '0.0.0.0', port: 4600 },
    { host: '::', port: 4600 },
    { host: '127.0.0.1', port: 4601 },
  ];
  const { engine } = await start({ listen });
  expect((engine.options as ServerEngineOptions).listen).toEqual([
    { address: expect.stringMatching(/^(::|0\.0\.0\.0)$/), port: 4600 },
    { address: '127.0.0.1', port: 4601 },
  ]);
});

describe('records', () => {
  test('a new lease is on the disk at once, and in the next server’s engine', async () => {
    const first = await start();
    const { stateDir } = first.config;
    first.engine.emit({ kind: 'client', client: { ...client, address: '10.99.0.2' } });
    await eventually(() => expect(readdirSync(join(stateDir, 'clients'))).toHaveLength(1));
    await first.life.end();
    const second = await start({ stateDir });
    expect((second.engine.options as ServerEngineOptions).clients).toEqual([
      { ...client, address: '10.99.0.2' },
    ]);
  });

  test('a counter waits for the batch, and is written at the end at the latest', async () => {
    const { engine, life, config } = await start();
    engine.emit({ kind: 'client', client });
    engine.emit({ kind: 'client', client: { ...client, counter: 5 } });
    await life.end();
    const [name] = readdirSync(join(config.stateDir, 'clients'));
    expect(JSON.parse(readFileSync(join(config.stateDir, 'clients', name), 'utf8'))).toMatchObject({
      counter: 5,
    });
  });

  test('a damaged record is named and left alone', async () => {
    const stateDir = temporaryDir();
    mkdirSync(join(stateDir, 'clients'));
    writeFileSync(join(stateDir, 'clients', 'ab.json'), '{');
    const { log } = await start({ stateDir });
    expect(log.of('record-damaged')[0].fields).toMatchObject({ reason: 'it is not JSON' });
  });
});

describe('invites', () => {
  const request = { name: 'laptop', endpoint: { host: '192.0.2.1', port: 4600 }, lifeMs: 60_000 };

  test('one made while the server runs is known to it at once', async () => {
    const { engine, config } = await start();
    await invite({ stateDir: config.stateDir, ...request });
    expect(engine.commands).toEqual([
      { kind: 'invite-put', invite: expect.objectContaining({ name: 'laptop' }) },
    ]);
  });

  test('one made before the server ran is known to it from the start; spent, it stays spent', async () => {
    const stateDir = temporaryDir();
    await invite({ stateDir, ...request });
    const first = await start({ stateDir });
    const [record] = (first.engine.options as ServerEngineOptions).invites;
    expect(record).toMatchObject({ name: 'laptop' });
    first.engine.emit({ kind: 'invite', invite: { ...record, usedBy: key } });
    await first.life.end();
    const second = await start({ stateDir });
    expect((second.engine.options as ServerEngineOptions).invites).toEqual([{ ...record, usedBy: key }]);
  });

  test('one that the running daemon does not take is handed out all the same, with a warning', async () => {
    const stateDir = temporaryDir();
    const control = await ControlServer.listen(stateDir, {});
    onTestFinished(() => control.close());
    const { line, problem } = await invite({ stateDir, ...request });
    expect(line).toMatch(/^resip:/);
    expect(problem?.message).toContain('restart the server');
  });

  test('what is no invite does not reach the engine', async () => {
    const { engine, config } = await start();
    const request = { command: 'invite-put', invite: { id: 'x' } };
    await expect(askDaemon(config.stateDir, request)).rejects.toThrow('refused');
    expect(engine.commands).toEqual([]);
  });
});

test.each([
  ['EBUSY', '--tun'],
  ['EADDRINUSE', '--listen'],
  ['ENODEV', 'modprobe tun'],
])('an engine that fails with %s says what to do', async (code, fix) => {
  const { engine, life } = await start();
  engine.emit({ kind: 'failed', message: 'no', code });
  expect((life.failures[0] as UserError).fix).toContain(fix);
});

test('at the end: goodbye to the clients, then the machine', async () => {
  const { life, journal } = await start();
  await life.end();
  expect(journal.slice(-2)).toEqual(['engine stopped', 'network closed']);
});
