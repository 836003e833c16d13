/** A configuration that changes while the daemon runs. */
import { describe, expect, test } from 'vitest';
import { clientKind } from '../../src/config/client-config.ts';
import { parseInterfaceSpec } from '../../src/config/interface-spec.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { serverKind } from '../../src/config/server-config.ts';
import { askDaemon } from '../../src/control/control-client.ts';
import { startClient } from '../../src/daemon/client.ts';
import { clientSettings } from '../../src/daemon/client-settings.ts';
import type { Log } from '../../src/daemon/log.ts';
import { Reloader, type Setting } from '../../src/daemon/reload.ts';
import { serverSettings } from '../../src/daemon/server-settings.ts';
import { WantedInterfaces } from '../../src/daemon/wanted-interfaces.ts';
import { UserError } from '../../src/errors.ts';
import { eventually } from '../eventually.ts';
import { temporaryDir } from '../state/temporary-dir.ts';
import { makeInvite, surroundings } from './fakes.ts';

test('every key of the schemas is known: put into force, or said to need a restart', () => {
  const paths = { sync: async () => {} };
  const policies = { set: () => {} };
  const persist = { set: async () => {} };
  const common = { setLogLevel: () => {}, setHooks: () => {} };
  const forwards = { configure: async () => {} };
  const wanted = new WantedInterfaces([]);
  const client = clientSettings({ wanted, paths, policies, persist, forwards, ...common });
  expect(client.map(({ key }) => key).sort()).toEqual([...clientKind.keys].sort());
  const server = serverSettings({ ...common, setStreamRules: () => {} });
  expect(server.map(({ key }) => key).sort()).toEqual([...serverKind.keys].sort());
});

describe('a client', () => {
  async function running() {
    const around = surroundings();
    around.network.usable.set('wlan0', [4]).set('wwan0', [4]);
    const load = (flags: object) =>
      loadConfig(clientKind, { config: false, 'state-dir': stateDir, ...flags }).config;
    const stateDir = temporaryDir();
    let next = (): ReturnType<typeof load> => load({ interface: 'wlan0' });
    const parts = { ...around.clientParts, loadConfig: () => next() };
    await startClient({ ...next(), invite: makeInvite() }, parts, around.life);
    const engine = around.engines[0];
    await eventually(() => expect(engine.commands.some(({ kind }) => kind === 'path-open')).toBe(true));
    return {
      ...around,
      engine,
      reload: () => askDaemon(stateDir, { command: 'reload' }),
      change: (flags: object) => {
        next = () => load({ interface: 'wlan0', ...flags });
      },
      fault: (error: Error) => {
        next = () => {
          throw error;
        };
      },
    };
  }

  test('another interface and log level are in force at once, and the path that stays is not touched', async () => {
    const { engine, journal, change, reload } = await running();
    change({ interface: ['wlan0', 'wwan0,backup'], 'log-level': 'debug', mtu: '1300' });
    expect(await reload()).toMatchObject({
      applied: expect.arrayContaining(['interface', 'log-level']),
      needsRestart: expect.arrayContaining(['mtu']),
    });
    expect(journal).toContain('log level debug');
    const opened = engine.commands.filter(({ kind }) => kind === 'path-open');
    expect(opened).toMatchObject([{ interfaceName: 'wlan0' }, { interfaceName: 'wwan0', backup: true }]);
    expect(engine.commands.filter(({ kind }) => kind === 'path-close')).toEqual([]);
    expect(await reload()).toMatchObject({ applied: [] });
  });

  test('SIGHUP does the same', async () => {
    const { engine, life, change, log } = await running();
    change({ interface: 'wwan0' });
    life.hangup();
    await eventually(() => expect(log.of('reloaded')).toHaveLength(1));
    expect(engine.commands.at(-1)).toMatchObject({ kind: 'path-open', interfaceName: 'wwan0' });
  });

  test('a file with mistakes changes nothing, and they are told', async () => {
    const { fault, reload, life, log } = await running();
    fault(new UserError('home.toml:3: mtu: expected less'));
    await expect(reload()).rejects.toThrow('home.toml:3: mtu: expected less');
    life.hangup();
    await eventually(() => expect(log.of('not-reloaded')).toHaveLength(1));
    expect(life.failures).toEqual([]);
  });
});

test('what was added at run time gives way to the file', () => {
  const spec = (text: string) => parseInterfaceSpec(text).spec ?? expect.fail(text);
  const wanted = new WantedInterfaces([spec('wlan0')]);
  wanted.add(spec('usb0'));
  wanted.replace([spec('wwan*')]);
  expect(wanted.patterns).toEqual(['wwan*']);
});

test('a setting that cannot be put into force keeps no other from it, and is tried again', async () => {
  const done: string[] = [];
  let isBroken = true;
  const settings: Setting<{ value: number }>[] = ['one', 'two', 'three'].map((key) => ({
    key,
    of: ({ value }) => value,
    apply: () => {
      if (key === 'two' && isBroken)
        throw new UserError('the hook /tmp/x is not safe', { fix: 'chmod go-w /tmp/x' });
      done.push(key);
    },
  }));
  const log = { info: () => {} } as unknown as Log;
  const reloader = new Reloader({ value: 1 }, () => ({ value: 2 }), settings, log);
  await expect(reloader.reload()).rejects.toThrow(
    /two could not be put into force[\s\S]*the hook \/tmp\/x is not safe[\s\S]*one, three/,
  );
  expect(done).toEqual(['one', 'three']);
  isBroken = false;
  expect((await reloader.reload()).applied).toEqual(['two']);
});
