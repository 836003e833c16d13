import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { ClientConfig } from '../../src/config/client-config.ts';
import { NO_HOOKS } from '../../src/config/hook-config.ts';
import { type InterfaceSpec, parseInterfaceSpec } from '../../src/config/interface-spec.ts';
import { askDaemon } from '../../src/control/control-client.ts';
import { startClient } from '../../src/daemon/client.ts';
import type { PathList } from '../../src/daemon/client-control.ts';
import type { ClientEngineOptions } from '../../src/engine/messages.ts';
import { UserError } from '../../src/errors.ts';
import { RefusalCode } from '../../src/proto/session/handshake-payload.ts';
import { tryLock } from '../../src/state/file-lock.ts';
import { RESERVED_COUNTERS } from '../../src/state/handshake-counter.ts';
import { temporaryDir } from '../state/temporary-dir.ts';
import { makeInvite, surroundings } from './fakes.ts';

function spec(text: string): InterfaceSpec {
  const { spec, mistakes } = parseInterfaceSpec(text);
  if (spec === undefined) throw new Error(mistakes.join());
  return spec;
}

function config(overrides: Partial<ClientConfig> = {}): ClientConfig {
  return {
    tunName: 'tun7',
    stateDir: temporaryDir(),
    log: { format: 'text', level: 'info' },
    hooks: NO_HOOKS,
    invite: makeInvite(),
    interfaces: [spec('wlan0'), spec('wwan0')],
    route: { kind: 'all' },
    policy: 'redundant',
    rules: [],
    forwards: [],
    persist: [],
    dns: { kind: 'pushed' },
    ...overrides,
  };
}

async function start(overrides: Partial<ClientConfig> = {}, around = surroundings()) {
  const used = config(overrides);
  await startClient(used, around.clientParts, around.life);
  const engine = around.engines[0];
  const opened = () =>
    engine.commands.flatMap((command) =>
      command.kind === 'path-open' ? [`${command.interfaceName}/${command.family} as ${command.path}`] : [],
    );
  return { ...around, config: used, engine, opened };
}

const assignment = {
  address: '10.77.0.2',
  prefixLength: 16,
  serverAddress: '10.77.0.1',
  mtuBytes: 1_400,
  dns: [],
  leaseSeconds: 3_600,
};

describe('paths', () => {
  test('one per usable interface; a missing one is named and does not stop the others', async () => {
    const around = surroundings();
    around.network.usable.set('wwan0', [4]);
    const { opened, log } = await start({}, around);
    await vi.waitFor(() => expect(opened()).toEqual(['wwan0/4 as 0']));
    expect(log.of('interface-unusable').map(({ fields }) => fields.what)).toEqual([
      'the interface wlan0 does not exist',
    ]);
  });

  test('the engine knows the server’s addresses before its first path', async () => {
    const around = surroundings();
    around.network.usable.set('wlan0', [4]);
    const { opened, journal, engine } = await start({}, around);
    await vi.waitFor(() => expect(opened()).toHaveLength(1));
    expect(journal.indexOf('endpoints')).toBeLessThan(journal.indexOf('path-open wlan0'));
    expect(engine.commands[0]).toEqual({
      kind: 'endpoints',
      endpoints: [{ address: '192.0.2.1', port: 4600 }],
    });
  });

  test('IPv6 is a path of its own where interface and server both have it', async () => {
    const around = surroundings();
    around.network.usable.set('wlan0', [4, 6]).set('wwan0', [4]);
    around.clientParts = { ...around.clientParts, lookup: async () => ['192.0.2.1', '2001:db8::1'] };
    const { opened, log } = await start({ invite: makeInvite('vpn.example.org') }, around);
    await vi.waitFor(() => expect(opened()).toEqual(['wlan0/4 as 0', 'wlan0/6 as 1', 'wwan0/4 as 2']));
    expect(log.of('interface-unusable')).toEqual([]);
  });

  test('none usable: it says so once, waits, and uses the first that comes', async () => {
    const { network, opened, log } = await start();
    await vi.waitFor(() => expect(log.of('waiting')).toHaveLength(1));
    network.usable.set('wlan0', [4]);
    network.tell('appeared', 'wlan0');
    await vi.waitFor(() => expect(opened()).toEqual(['wlan0/4 as 0']));
    expect(log.of('waiting')).toHaveLength(1);
  });

  test('a server that does not answer is named, with the links that were tried and what to do', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    onTestFinished(() => void vi.useRealTimers());
    const around = surroundings();
    around.network.usable.set('wlan0', [4]).set('wwan0', [4]);
    const { opened, log, engine } = await start({}, around);
    await vi.waitFor(() => expect(opened()).toHaveLength(2));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(log.of('no-link').map(({ fields }) => fields)).toEqual([
      {
        what: 'nothing comes back from 192.0.2.1:4600 over wlan0, wwan0',
        next: expect.any(String),
        fix: expect.stringContaining('resip-vpn doctor client'),
      },
    ]);
    engine.emit({ kind: 'path', path: 0, interfaceName: 'wlan0', state: 'up', rttMs: 20 });
    expect(log.of('link-again')).toHaveLength(1);
  });

  test('an interface that goes and comes back is used again', async () => {
    const around = surroundings();
    around.network.usable.set('wlan0', [4]).set('wwan0', [4]);
    const { network, opened, engine } = await start({}, around);
    await vi.waitFor(() => expect(opened()).toHaveLength(2));
    network.usable.delete('wlan0');
    network.tell('gone', 'wlan0');
    await vi.waitFor(() => expect(engine.commands.at(-1)).toEqual({ kind: 'path-close', path: 0 }));
    network.usable.set('wlan0', [4]);
    network.tell('appeared', 'wlan0');
    await vi.waitFor(() => expect(opened()).toEqual(['wlan0/4 as 0', 'wwan0/4 as 1', 'wlan0/4 as 0']));
  });

  test('the log tells of each path that comes up or goes down, and of no doubt in between', async () => {
    const around = surroundings();
    around.network.usable.set('wlan0', [4]);
    const { network, opened, engine, log } = await start({}, around);
    await vi.waitFor(() => expect(opened()).toHaveLength(1));
    const tell = (state: 'up' | 'suspect' | 'down') =>
      engine.emit({ kind: 'path', path: 0, interfaceName: 'wlan0', state, rttMs: 20.04 });
    for (const state of ['up', 'suspect', 'up', 'down', 'up'] as const) tell(state);
    network.replace('wlan0');
    await vi.waitFor(() => expect(opened()).toHaveLength(2));
    tell('up');
    const told = log.lines.filter(
      ({ level, event }) => level !== 'debug' && /^(up|suspect|down)$/.test(event),
    );
    expect(told.map(({ event }) => event)).toEqual(['up', 'down', 'up', 'up']);
    expect(told[0].fields).toEqual({ interfaceName: 'wlan0', path: 0, rttMs: 20 });
  });

  test('an interface replaced by another of its name gets a new socket', async () => {
    const around = surroundings();
    around.network.usable.set('wlan0', [4]);
    const { network, opened } = await start({}, around);
    await vi.waitFor(() => expect(opened()).toHaveLength(1));
    network.replace('wlan0');
    await vi.waitFor(() => expect(opened()).toHaveLength(2));
  });

  test('another gateway or address is asked over at once, through a new socket; the path stays', async () => {
    const around = surroundings();
    around.network.usable.set('wlan0', [4]).set('wwan0', [4]);
    const { network, opened, engine, log } = await start({}, around);
    await vi.waitFor(() => expect(opened()).toHaveLength(2));
    network.gateway.set('wwan0', '10.0.0.2 via 10.0.0.1');
    network.tell('up', 'wwan0');
    await vi.waitFor(() => expect(engine.commands.at(-1)).toEqual({ kind: 'wakeup', path: 1 }));
    expect(log.of('path-rebound')[0].fields).toMatchObject({ interfaceName: 'wwan0', path: 1 });
    expect(opened()).toHaveLength(2);
  });

  test('another size of packets is told; the path stays', async () => {
    const around = surroundings();
    around.network.usable.set('wlan0', [4]);
    const { network, opened, engine } = await start({}, around);
    await vi.waitFor(() => expect(opened()).toHaveLength(1));
    network.mtuBytes.set('wlan0', 1_400);
    network.tell('mtu', 'wlan0');
    await vi.waitFor(() =>
      expect(engine.commands.at(-1)).toEqual({ kind: 'path-mtu', path: 0, mtuBytes: 1_400 }),
    );
    expect(opened()).toHaveLength(1);
  });

  test('a pattern takes what matches, as it comes; what is unusable is nobody’s mistake', async () => {
    const around = surroundings();
    around.network.usable.set('wwan0', [4]).set('eth0', [4]).set('wwan9', []);
    const { network, opened, log } = await start({ interfaces: [spec('wwan*,backup')] }, around);
    await vi.waitFor(() => expect(opened()).toEqual(['wwan0/4 as 0']));
    network.usable.set('wwan1', [4]);
    network.tell('appeared', 'wwan1');
    await vi.waitFor(() => expect(opened()).toEqual(['wwan0/4 as 0', 'wwan1/4 as 1']));
    expect(log.of('interface-unusable')).toEqual([]);
  });

  test('options go with the path; the very name wins over a pattern', async () => {
    const around = surroundings();
    around.network.usable.set('wwan0', [4]).set('wwan1', [4]);
    const { engine, opened } = await start({ interfaces: [spec('*,backup'), spec('wwan1,metered')] }, around);
    await vi.waitFor(() => expect(opened()).toHaveLength(2));
    const wishes = engine.commands.flatMap((command) =>
      command.kind === 'path-open' ? [[command.interfaceName, command.backup, command.metered]] : [],
    );
    expect(wishes).toEqual([
      ['wwan1', false, true],
      ['wwan0', true, false],
    ]);
  });

  test('a path that the engine cannot open is closed and tried again', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const around = surroundings();
      around.network.usable.set('wlan0', [4]);
      const { opened, engine, journal } = await start({}, around);
      await vi.waitFor(() => expect(opened()).toHaveLength(1));
      engine.emit({
        kind: 'path-failed',
        path: 0,
        interfaceName: 'wlan0',
        message: 'ENODEV',
        code: 'ENODEV',
      });
      await vi.waitFor(() => expect(journal).toContain('network closed path 0'));
      await vi.advanceTimersByTimeAsync(5_000);
      await vi.waitFor(() => expect(opened()).toHaveLength(2));
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('the server’s name', () => {
  test('is asked for again until it resolves, with one complaint', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const around = surroundings();
      around.network.usable.set('wlan0', [4]);
      let tries = 0;
      around.clientParts = {
        ...around.clientParts,
        lookup: async () => {
          if (++tries < 3) throw new Error('EAI_AGAIN');
          return ['192.0.2.9'];
        },
      };
      const { opened, log } = await start({ invite: makeInvite('vpn.example.org') }, around);
      expect(opened()).toEqual([]);
      await vi.advanceTimersByTimeAsync(4_000);
      await vi.waitFor(() => expect(opened()).toHaveLength(1));
      expect(log.of('name-not-resolved')).toHaveLength(1);
    } finally {
      vi.useRealTimers();
    }
  });

  test('is asked for again when no path is up any more: the server may have moved', async () => {
    const around = surroundings();
    around.network.usable.set('wlan0', [4]);
    let address = '192.0.2.1';
    around.clientParts = { ...around.clientParts, lookup: async () => [address] };
    const { engine, opened } = await start({ invite: makeInvite('vpn.example.org') }, around);
    const known = () => engine.commands.filter(({ kind }) => kind === 'endpoints');
    await vi.waitFor(() => expect(opened()).toHaveLength(1));
    const tell = (state: 'up' | 'down') =>
      engine.emit({ kind: 'path', path: 0, interfaceName: 'wlan0', state, rttMs: 20 });
    engine.emit({ kind: 'session', state: 'established', suite: 'AES-256-GCM' });
    tell('up');
    address = '192.0.2.77';
    tell('down');
    // The old one stays in the race: a resolver may lie.
    await vi.waitFor(() =>
      expect(known().at(-1)).toEqual({
        kind: 'endpoints',
        endpoints: ['192.0.2.77', '192.0.2.1'].map((address) => ({ address, port: 4600 })),
      }),
    );
  });

  test('is asked for again when the session is lost', async () => {
    const around = surroundings();
    let address = '192.0.2.1';
    around.clientParts = { ...around.clientParts, lookup: async () => [address] };
    const { engine } = await start({ invite: makeInvite('vpn.example.org') }, around);
    const known = () => engine.commands.filter(({ kind }) => kind === 'endpoints');
    await vi.waitFor(() => expect(known()).toHaveLength(1));
    engine.emit({ kind: 'session', state: 'established', suite: 'AES-256-GCM' });
    address = '192.0.2.77';
    engine.emit({ kind: 'session', state: 'lost', suite: 'AES-256-GCM' });
    await vi.waitFor(() =>
      expect(known().at(-1)).toEqual({
        kind: 'endpoints',
        endpoints: ['192.0.2.77', '192.0.2.1'].map((address) => ({ address, port: 4600 })),
      }),
    );
  });
});

describe('the tunnel', () => {
  test('addresses, then routes, then "connected"; the same assignment again changes nothing', async () => {
    const { engine, journal, log } = await start({ mtuBytes: 1_300 });
    engine.emit({ kind: 'assigned', assignment });
    await vi.waitFor(() => expect(log.of('connected')).toHaveLength(1));
    const steps = journal.filter((step) => /^(tun|route|log connected)/.test(step));
    expect(steps).toEqual([
      `tun ${JSON.stringify(['tun7', assignment, 1_300])}`,
      'route all tun7',
      'log connected',
    ]);
    engine.emit({ kind: 'assigned', assignment });
    engine.emit({ kind: 'assigned', assignment: { ...assignment, address: '10.77.0.3' } });
    await vi.waitFor(() => expect(log.of('connected')).toHaveLength(2));
    expect(journal.filter((step) => step.startsWith('tun'))).toHaveLength(2);
  });

  test.each([
    [{ kind: 'none' } as const, []],
    [{ kind: 'some', networks: ['10.0.0.0/8'] } as const, ['route 10.0.0.0/8 tun7']],
  ])('routes: %o', async (route, expected) => {
    const { engine, journal, log } = await start({ route });
    engine.emit({ kind: 'assigned', assignment });
    await vi.waitFor(() => expect(log.of('connected')).toHaveLength(1));
    expect(journal.filter((step) => step.startsWith('route'))).toEqual(expected);
  });
});

describe('paths at run time', () => {
  async function running() {
    const around = surroundings();
    around.network.usable.set('wlan0', [4]).set('wwan0', [4]).set('usb0', [4]);
    const started = await start({ interfaces: [spec('wlan0'), spec('wwan*')] }, around);
    await vi.waitFor(() => expect(started.opened()).toHaveLength(2));
    const ask = (command: string, name?: string) =>
      askDaemon(started.config.stateDir, { command, interface: name }) as Promise<PathList>;
    return { ...started, ask };
  }

  test('are added, changed, removed and listed', async () => {
    const { ask, engine } = await running();
    const added = await ask('path-add', 'usb0,budget=1G/month');
    expect(added.wanted).toEqual([
      { interface: 'wlan0', interfaces: ['wlan0'] },
      { interface: 'wwan*', interfaces: ['wwan0'] },
      { interface: 'usb0,budget=1G/month', interfaces: ['usb0'] },
    ]);
    expect(added.open.map(({ interfaceName }) => interfaceName)).toEqual(['wlan0', 'wwan0', 'usb0']);
    const removed = await ask('path-remove', 'wlan0');
    expect(removed.open.map(({ interfaceName }) => interfaceName)).toEqual(['wwan0', 'usb0']);
    expect(engine.commands.at(-1)).toEqual({ kind: 'path-close', path: 0 });
    await ask('path-add', 'usb0,backup');
    expect(engine.commands.at(-1)).toMatchObject({ kind: 'path-open', interfaceName: 'usb0', backup: true });
  });

  test('one of a pattern can be taken out, and comes back when it is added', async () => {
    const { ask } = await running();
    const names = async (list: Promise<PathList>) =>
      (await list).open.map(({ interfaceName }) => interfaceName);
    expect(await names(ask('path-remove', 'wwan0'))).toEqual(['wlan0']);
    expect(await names(ask('path-list'))).toEqual(['wlan0']);
    expect(await names(ask('path-add', 'wwan0'))).toEqual(['wlan0', 'wwan0']);
  });

  test('what is wrong is said', async () => {
    const { ask } = await running();
    await expect(ask('path-add', 'usb0,bakcup')).rejects.toThrow('did you mean backup?');
    await expect(ask('path-remove', 'eth7')).rejects.toThrow('eth7 is not in use');
    await expect(ask('wakeup', 'eth7')).rejects.toThrow('eth7 is not in use');
  });

  test('wakeup rebinds all paths, or those of one interface', async () => {
    const { ask, engine } = await running();
    expect(await ask('wakeup')).toEqual({ woken: 2 });
    expect(engine.commands.slice(-2)).toEqual([
      { kind: 'wakeup', path: 0 },
      { kind: 'wakeup', path: 1 },
    ]);
    expect(await ask('wakeup', 'wwan0')).toEqual({ woken: 1 });
    expect(engine.commands.at(-1)).toEqual({ kind: 'wakeup', path: 1 });
  });
});

describe('refusals end the client with a reason', () => {
  test('of the address', async () => {
    const { engine, life } = await start({ address: '10.77.0.9' });
    engine.emit({
      kind: 'refused',
      code: 1,
      text: '10.77.0.9 is leased to another client',
      during: 'address',
    });
    expect(life.failures[0]).toBeInstanceOf(UserError);
    expect((life.failures[0] as UserError).message).toMatchInlineSnapshot(`
      "the server refused the address 10.77.0.9
      cause: 10.77.0.9 is leased to another client
      fix: choose another one with --address, or leave it to the server"
    `);
    expect((life.failures[0] as UserError).exitCode).toBe(1);
  });

  test('of the client', async () => {
    const { engine, life } = await start();
    engine.emit({ kind: 'refused', code: 2, text: 'this invite has expired', during: 'handshake' });
    expect((life.failures[0] as UserError).message).toContain('cause: this invite has expired');
  });
});

describe('refusals after it was connected', () => {
  const refused = (code: number) => ({ kind: 'refused', code, text: 'no', during: 'handshake' }) as const;

  test('that can heal are said once, and the client goes on', async () => {
    const { engine, life, log } = await start();
    engine.emit({ kind: 'assigned', assignment });
    for (let time = 0; time < 3; time++) engine.emit(refused(RefusalCode.FULL));
    expect(life.failures).toEqual([]);
    expect(log.of('refused')).toHaveLength(1);
  });

  test('that cannot heal end it', async () => {
    const { engine, life } = await start();
    engine.emit({ kind: 'assigned', assignment });
    engine.emit(refused(RefusalCode.REVOKED));
    expect(life.failures).toHaveLength(1);
  });
});

describe('state', () => {
  test('without an invite, the server and key of the last one; with higher counters', async () => {
    const first = await start();
    const { stateDir } = first.config;
    await first.life.end();
    const second = await start({ stateDir, invite: undefined });
    const before = first.engine.options as ClientEngineOptions;
    const after = second.engine.options as ClientEngineOptions;
    const identity = ({ privateKey, serverPublicKey, psk, networkKey }: ClientEngineOptions) => [
      privateKey,
      serverPublicKey,
      psk,
      networkKey,
    ];
    expect(identity(after)).toEqual(identity(before));
    expect(after.counter).toBeGreaterThan(before.counter);
  });

  test('a run sets counters aside again every day', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const { config, engine } = await start();
      const next = () => JSON.parse(readFileSync(join(config.stateDir, 'client.json'), 'utf8')).nextCounter;
      const { counter } = engine.options as ClientEngineOptions;
      expect(next()).toBe(counter + RESERVED_COUNTERS);
      vi.advanceTimersByTime(86_400_000);
      await vi.waitFor(() => expect(next()).toBe(counter + 2 * RESERVED_COUNTERS));
    } finally {
      vi.useRealTimers();
    }
  });

  test('a key that a group may read is warned about, one that everybody may read is not used', async () => {
    const first = await start();
    const { stateDir } = first.config;
    await first.life.end();
    chmodSync(join(stateDir, 'client.json'), 0o604);
    const refused = surroundings();
    await expect(start({ stateDir, invite: undefined }, refused)).rejects.toThrow('chmod 600');
    await refused.life.end();
    chmodSync(join(stateDir, 'client.json'), 0o640);
    const second = await start({ stateDir, invite: undefined });
    expect(second.log.of('secret-exposed')[0].fields).toMatchObject({
      fix: `chmod 600 ${join(stateDir, 'client.json')}`,
    });
    expect(first.log.of('secret-exposed')).toEqual([]);
  });

  test('another invite replaces the server, and that is said', async () => {
    const first = await start();
    const { stateDir } = first.config;
    await first.life.end();
    const second = await start({ stateDir });
    expect(second.log.of('server-replaced')).toHaveLength(1);
  });

  test('no invite at all is a misuse', async () => {
    const { clientParts, life } = surroundings();
    const error = await startClient(config({ invite: undefined }), clientParts, life).catch((error) => error);
    expect(error).toBeInstanceOf(UserError);
    expect(error.exitCode).toBe(2);
    expect(error.message).toContain('resip-vpn invite');
  });
});

test('at the end: no more questions, goodbye to the server, then the machine, then the lock', async () => {
  const { life, journal, config } = await start();
  expect(await askDaemon(config.stateDir, { command: 'status' })).toMatchObject({ role: 'client' });
  expect(tryLock(`${config.stateDir}/daemon.lock`)).toEqual({ heldBy: process.pid });
  await life.end();
  expect(journal.slice(-2)).toEqual(['engine stopped', 'network closed']);
  await expect(askDaemon(config.stateDir, { command: 'status' })).rejects.toThrow('no resip-vpn runs');
  expect(tryLock(`${config.stateDir}/daemon.lock`)).toHaveProperty('release');
});
