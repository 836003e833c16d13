/** What a client does about its server: where it is, and what it refuses. */
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { RefusalCode } from '../../src/proto/session/handshake-payload.ts';
import { eventually } from '../eventually.ts';
import { makeInvite, surroundings } from './fakes.ts';
import { assignment, spec, start } from './started-client.ts';

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
      await eventually(() => expect(opened()).toHaveLength(1));
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
    await eventually(() => expect(opened()).toHaveLength(1));
    const tell = (state: 'up' | 'down') =>
      engine.emit({ kind: 'path', path: 0, interfaceName: 'wlan0', state, rttMs: 20 });
    engine.emit({ kind: 'session', state: 'established', suite: 'AES-256-GCM' });
    tell('up');
    address = '192.0.2.77';
    tell('down');
    // The old one stays in the race: a resolver may lie.
    await eventually(() =>
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
    await eventually(() => expect(known()).toHaveLength(1));
    engine.emit({ kind: 'session', state: 'established', suite: 'AES-256-GCM' });
    address = '192.0.2.77';
    engine.emit({ kind: 'session', state: 'lost', suite: 'AES-256-GCM' });
    await eventually(() =>
      expect(known().at(-1)).toEqual({
        kind: 'endpoints',
        endpoints: ['192.0.2.77', '192.0.2.1'].map((address) => ({ address, port: 4600 })),
      }),
    );
  });
});

test('a server that does not answer is named, with the links that were tried and what to do', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  onTestFinished(() => void vi.useRealTimers());
  const around = surroundings();
  around.network.usable.set('wlan0', [4]).set('wwan0', [4]);
  const { opened, log, engine } = await start({}, around);
  await eventually(() => expect(opened()).toHaveLength(2));
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

test('links that may carry no more are not called silent', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  onTestFinished(() => void vi.useRealTimers());
  const around = surroundings();
  around.network.usable.set('wlan0', [4]);
  const { opened, log, engine } = await start({ interfaces: [spec('wlan0,budget=50k/day')] }, around);
  await eventually(() => expect(opened()).toHaveLength(1));
  engine.emit({ kind: 'path-spent', path: 0, interfaceName: 'wlan0', spentBytes: 50_000, isFinal: false });
  await eventually(() => expect(log.of('budget-used-up')).toHaveLength(1));
  await vi.advanceTimersByTimeAsync(5_000);
  expect(log.of('no-link')[0].fields).toMatchObject({
    what: 'the budget of wlan0 is used up, and there is nothing else to use',
    fix: expect.stringContaining('path add wlan0,budget='),
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
