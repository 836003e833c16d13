import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { askDaemon } from '../../src/control/control-client.ts';
import { startClient } from '../../src/daemon/client.ts';
import type { ClientEngineOptions } from '../../src/engine/messages.ts';
import { UserError } from '../../src/errors.ts';
import { tryLock } from '../../src/state/file-lock.ts';
import { RESERVED_COUNTERS } from '../../src/state/handshake-counter.ts';
import { eventually } from '../eventually.ts';
import { surroundings } from './fakes.ts';
import { assignment, config, start } from './started-client.ts';

describe('the tunnel', () => {
  test('addresses, then routes, then "connected"; the same assignment again changes nothing', async () => {
    const { engine, journal, log } = await start({ mtuBytes: 1_300 });
    engine.emit({ kind: 'assigned', assignment });
    await eventually(() => expect(log.of('connected')).toHaveLength(1));
    const steps = journal.filter((step) => /^(tun|route|log connected)/.test(step));
    expect(steps).toEqual([
      `tun ${JSON.stringify(['tun7', assignment, 1_300])}`,
      'route all tun7',
      'log connected',
    ]);
    engine.emit({ kind: 'assigned', assignment });
    engine.emit({ kind: 'assigned', assignment: { ...assignment, address: '10.77.0.3' } });
    await eventually(() => expect(log.of('connected')).toHaveLength(2));
    expect(journal.filter((step) => step.startsWith('tun'))).toHaveLength(2);
  });

  test.each([
    [{ prefixLength: 7 }, '10.77.0.2/7'],
    [{ address6: 'fd77::2', prefixLength6: 0 }, 'fd77::2/0'],
    [{ address6: 'fd77::2', prefixLength6: 63 }, 'fd77::2/63'],
  ])('a network that would take more than was asked for is refused: %o', async (wide, cidr) => {
    const { engine, journal, life } = await start({ route: { kind: 'none' } });
    engine.emit({ kind: 'assigned', assignment: { ...assignment, ...wide } });
    await eventually(() => expect(life.failures).toEqual([expect.objectContaining({ name: 'UserError' })]));
    expect(String(life.failures[0])).toContain(cidr);
    expect(journal.filter((step) => step.startsWith('tun'))).toEqual([]);
  });

  test.each([
    [{ kind: 'none' } as const, []],
    [{ kind: 'some', networks: ['10.0.0.0/8'] } as const, ['route 10.0.0.0/8 tun7']],
  ])('routes: %o', async (route, expected) => {
    const { engine, journal, log } = await start({ route });
    engine.emit({ kind: 'assigned', assignment });
    await eventually(() => expect(log.of('connected')).toHaveLength(1));
    expect(journal.filter((step) => step.startsWith('route'))).toEqual(expected);
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
      await eventually(() => expect(next()).toBe(counter + 2 * RESERVED_COUNTERS));
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
