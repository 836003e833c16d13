/** Which paths a client has: as interfaces come and go, and as its owner says while it runs. */
import { describe, expect, test, vi } from 'vitest';
import { askDaemon } from '../../src/control/control-client.ts';
import type { PathList } from '../../src/daemon/client-control.ts';
import { eventually } from '../eventually.ts';
import { makeInvite, surroundings } from './fakes.ts';
import { spec, start } from './started-client.ts';

describe('paths', () => {
  test('one per usable interface; a missing one is named and does not stop the others', async () => {
    const around = surroundings();
    around.network.usable.set('wwan0', [4]);
    const { opened, log } = await start({}, around);
    await eventually(() => expect(opened()).toEqual(['wwan0/4 as 0']));
    expect(log.of('interface-unusable').map(({ fields }) => fields.what)).toEqual([
      'the interface wlan0 does not exist',
    ]);
  });

  test('the engine knows the server’s addresses before its first path', async () => {
    const around = surroundings();
    around.network.usable.set('wlan0', [4]);
    const { opened, journal, engine } = await start({}, around);
    await eventually(() => expect(opened()).toHaveLength(1));
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
    await eventually(() => expect(opened()).toEqual(['wlan0/4 as 0', 'wlan0/6 as 1', 'wwan0/4 as 2']));
    expect(log.of('interface-unusable')).toEqual([]);
  });

  test('none usable: it says so once, waits, and uses the first that comes', async () => {
    const { network, opened, log } = await start();
    await eventually(() => expect(log.of('waiting')).toHaveLength(1));
    network.usable.set('wlan0', [4]);
    network.tell('appeared', 'wlan0');
    await eventually(() => expect(opened()).toEqual(['wlan0/4 as 0']));
    expect(log.of('waiting')).toHaveLength(1);
  });

  test('an interface that goes and comes back is used again', async () => {
    const around = surroundings();
    around.network.usable.set('wlan0', [4]).set('wwan0', [4]);
    const { network, opened, engine } = await start({}, around);
    await eventually(() => expect(opened()).toHaveLength(2));
    network.usable.delete('wlan0');
    network.tell('gone', 'wlan0');
    await eventually(() => expect(engine.commands.at(-1)).toEqual({ kind: 'path-close', path: 0 }));
    network.usable.set('wlan0', [4]);
    network.tell('appeared', 'wlan0');
    await eventually(() => expect(opened()).toEqual(['wlan0/4 as 0', 'wwan0/4 as 1', 'wlan0/4 as 0']));
  });

  test('the log tells of each path that comes up or goes down, and of no doubt in between', async () => {
    const around = surroundings();
    around.network.usable.set('wlan0', [4]);
    const { network, opened, engine, log } = await start({}, around);
    await eventually(() => expect(opened()).toHaveLength(1));
    const tell = (state: 'up' | 'suspect' | 'down') =>
      engine.emit({ kind: 'path', path: 0, interfaceName: 'wlan0', state, rttMs: 20.04 });
    for (const state of ['up', 'suspect', 'up', 'down', 'up'] as const) tell(state);
    network.replace('wlan0');
    await eventually(() => expect(opened()).toHaveLength(2));
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
    await eventually(() => expect(opened()).toHaveLength(1));
    network.replace('wlan0');
    await eventually(() => expect(opened()).toHaveLength(2));
  });

  test('another gateway or address is asked over at once, through a new socket; the path stays', async () => {
    const around = surroundings();
    around.network.usable.set('wlan0', [4]).set('wwan0', [4]);
    const { network, opened, engine, log } = await start({}, around);
    await eventually(() => expect(opened()).toHaveLength(2));
    network.gateway.set('wwan0', '10.0.0.2 via 10.0.0.1');
    network.tell('up', 'wwan0');
    await eventually(() => expect(engine.commands.at(-1)).toEqual({ kind: 'wakeup', path: 1 }));
    expect(log.of('path-rebound')[0].fields).toMatchObject({ interfaceName: 'wwan0', path: 1 });
    expect(opened()).toHaveLength(2);
  });

  test('another size of packets is told; the path stays', async () => {
    const around = surroundings();
    around.network.usable.set('wlan0', [4]);
    const { network, opened, engine } = await start({}, around);
    await eventually(() => expect(opened()).toHaveLength(1));
    network.mtuBytes.set('wlan0', 1_400);
    network.tell('mtu', 'wlan0');
    await eventually(() =>
      expect(engine.commands.at(-1)).toEqual({ kind: 'path-mtu', path: 0, mtuBytes: 1_400 }),
    );
    expect(opened()).toHaveLength(1);
  });

  test('a pattern takes what matches, as it comes; what is unusable is nobody’s mistake', async () => {
    const around = surroundings();
    around.network.usable.set('wwan0', [4]).set('eth0', [4]).set('wwan9', []);
    const { network, opened, log } = await start({ interfaces: [spec('wwan*,backup')] }, around);
    await eventually(() => expect(opened()).toEqual(['wwan0/4 as 0']));
    network.usable.set('wwan1', [4]);
    network.tell('appeared', 'wwan1');
    await eventually(() => expect(opened()).toEqual(['wwan0/4 as 0', 'wwan1/4 as 1']));
    expect(log.of('interface-unusable')).toEqual([]);
  });

  test('options go with the path; the very name wins over a pattern', async () => {
    const around = surroundings();
    around.network.usable.set('wwan0', [4]).set('wwan1', [4]);
    const { engine, opened } = await start({ interfaces: [spec('*,backup'), spec('wwan1,metered')] }, around);
    await eventually(() => expect(opened()).toHaveLength(2));
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
      await eventually(() => expect(opened()).toHaveLength(1));
      engine.emit({
        kind: 'path-failed',
        path: 0,
        interfaceName: 'wlan0',
        message: 'ENODEV',
        code: 'ENODEV',
      });
      await eventually(() => expect(journal).toContain('network closed path 0'));
      await vi.advanceTimersByTimeAsync(5_000);
      await eventually(() => expect(opened()).toHaveLength(2));
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('paths at run time', () => {
  async function running() {
    const around = surroundings();
    around.network.usable.set('wlan0', [4]).set('wwan0', [4]).set('usb0', [4]);
    const started = await start({ interfaces: [spec('wlan0'), spec('wwan*')] }, around);
    await eventually(() => expect(started.opened()).toHaveLength(2));
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

  test('what cannot be used is listed with the reason, as long as it cannot', async () => {
    const { ask, network, config } = await running();
    network.usable.set('wwan7', []);
    await ask('path-add', 'eth0');
    const { unusable } = await ask('path-list');
    expect(unusable).toEqual([
      { interfaceName: 'eth0', problem: 'missing', what: 'the interface eth0 does not exist', isNamed: true },
      {
        interfaceName: 'wwan7',
        problem: 'no-address',
        what: 'the interface wwan7 has no IPv4 address',
        isNamed: false,
      },
    ]);
    expect(await askDaemon(config.stateDir, { command: 'status' })).toMatchObject({ unusable });
    network.usable.set('eth0', [4]);
    await ask('path-remove', 'wwan*');
    expect((await ask('path-list')).unusable).toEqual([]);
  });

  test('a socket that cannot be opened is a reason, too', async () => {
    const { ask, engine } = await running();
    engine.emit({
      kind: 'path-failed',
      path: 0,
      interfaceName: 'wlan0',
      message: 'bind: ENODEV',
      code: 'ENODEV',
    });
    expect((await ask('path-list')).unusable).toMatchObject([
      { interfaceName: 'wlan0', problem: 'refused', why: 'bind: ENODEV' },
    ]);
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
