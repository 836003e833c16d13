import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadPrimitives } from '../../src/crypto/sodium.ts';
import { ClientAdmin, clientAdminHandlers, withOwnersWill } from '../../src/daemon/client-admin.ts';
import type { ClientRecord, InviteRecord } from '../../src/engine/messages.ts';
import { issueInvite } from '../../src/state/issue-invite.ts';
import { ServerState } from '../../src/state/server-state.ts';
import { temporaryDir } from '../state/temporary-dir.ts';
import { FakeLog } from './fakes.ts';

const key = (byte: number) => Buffer.alloc(32, byte).toString('base64');
const record = (byte: number, name: string, address?: string): ClientRecord => ({
  publicKey: key(byte),
  name,
  psk: key(9),
  counter: 1,
  lastSeenMs: 5,
  ...(address === undefined ? {} : { address }),
});

async function desk(pool: string | undefined = '10.77.0.0/16') {
  const stateDir = temporaryDir();
  const state = await ServerState.open(stateDir, { onWriteError: () => {} });
  state.putClient(record(1, 'laptop', '10.77.0.2'));
  state.putClient(record(2, 'phone', '10.77.0.3'));
  const told: ClientRecord[] = [];
  const toldInvites: InviteRecord[] = [];
  const admin = new ClientAdmin(
    state,
    (changed) => void told.push(changed),
    (changed) => void toldInvites.push(changed),
    pool,
  );
  return { stateDir, state, told, toldInvites, admin };
}

test('the list is by name and without secrets', async () => {
  const { admin, told } = await desk();
  const clients = admin.perform({ action: 'list' });
  expect(clients.map(({ name }) => name)).toEqual(['laptop', 'phone']);
  expect(JSON.stringify(clients)).not.toContain(key(9));
  expect(told).toEqual([]);
});

test('who is connected is known while the server runs; who is invited, as long as the invite is good', async () => {
  const { admin, state } = await desk();
  expect(admin.perform({ action: 'list' })[0].isConnected).toBeUndefined();
  const none = () => {};
  const running = new ClientAdmin(state, none, none, '10.77.0.0/16', new Set([key(2)]));
  const told = running.perform({ action: 'list' }).map(({ name, isConnected }) => [name, isConnected]);
  expect(told).toEqual([
    ['laptop', false],
    ['phone', true],
  ]);
  const put = (seed: number, name: string, expiresMs: number, usedBy?: string) =>
    state.putInvite({ id: key(seed), name, psk: key(8), expiresMs, usedBy });
  put(1, 'zoe', 5_001);
  put(2, 'bob', 0);
  put(3, 'late', 5_000);
  put(4, 'phone', 0, key(2));
  expect(running.openInvites(5_000)).toEqual([
    { name: 'bob', expiresMs: 0 },
    { name: 'zoe', expiresMs: 5_001 },
  ]);
});

test('what is decided is told to the engine and outlives the server', async () => {
  const { admin, told, state, stateDir } = await desk();
  admin.perform({ action: 'revoke', name: 'phone' });
  admin.perform({ action: 'rename', name: 'laptop', value: 'anna' });
  admin.perform({ action: 'set-address', name: 'anna', value: '10.77.9.9' });
  expect(told.map(({ name, revoked, address }) => [name, revoked, address])).toEqual([
    ['phone', true, '10.77.0.3'],
    ['anna', undefined, '10.77.0.2'],
    ['anna', undefined, '10.77.9.9'],
  ]);
  await state.flush();
  const again = await ServerState.open(stateDir, { onWriteError: () => {} });
  expect(again.client(key(2))).toMatchObject({ revoked: true });
  expect(again.client(key(1))).toMatchObject({ name: 'anna', address: '10.77.9.9', isFixed: true });
});

test.each([
  [{ action: 'revoke', name: 'tablet' }, 'the server knows laptop, phone'],
  [{ action: 'rename', name: 'phone', value: 'laptop' }, 'is taken'],
  [{ action: 'rename', name: 'phone', value: 'a b' }, 'is no name'],
  [{ action: 'set-address', name: 'phone', value: '10.77.0.2' }, 'is the address of laptop'],
  [{ action: 'set-address', name: 'phone', value: '10.77.0.1' }, "the first one is the server's"],
  [{ action: 'set-address', name: 'phone', value: '10.77.255.255' }, 'is no address for a client'],
  [{ action: 'set-address', name: 'phone', value: 'fd00::7' }, 'is no address for a client'],
] as const)('%o is refused with its reason', async (wish, reason) => {
  const { admin, told } = await desk();
  expect(() => admin.perform(wish)).toThrow(reason);
  expect(told).toEqual([]);
});

test('without a server the pool is not known, and no address is fixed', async () => {
  const stateless = await desk('');
  const wish = { action: 'set-address', name: 'phone', value: '10.77.0.9' } as const;
  expect(() => stateless.admin.perform(wish)).toThrow('start it first');
});

test('news of the engine that were under way do not undo what was decided', async () => {
  const { admin, state } = await desk();
  admin.perform({ action: 'revoke', name: 'phone' });
  const late = { ...record(2, 'phone', '10.77.0.3'), counter: 7 };
  expect(withOwnersWill(late, state)).toMatchObject({ revoked: true, counter: 7 });
});

test('an invite that nobody has used is withdrawn, and its name is free', async () => {
  const { admin, state, stateDir, told, toldInvites } = await desk();
  const id = Buffer.alloc(16, 7).toString('base64');
  state.putInvite({ id, name: 'tablet', psk: key(8), expiresMs: 0 });
  admin.perform({ action: 'revoke', name: 'tablet' });
  expect(toldInvites).toEqual([{ id, name: 'tablet', psk: key(8), expiresMs: 1 }]);
  expect(told).toEqual([]);
  await state.flush();
  const endpoint = { host: 'a.example', port: 1 };
  const request = { name: 'tablet', endpoint, expiresMs: 0, nowMs: Date.now() };
  await expect(issueInvite(stateDir, request, await loadPrimitives())).resolves.toMatchObject({
    record: { name: 'tablet' },
  });
});

test('who shuts a client out hears that the disk did not take it: the next start would let it in again', async () => {
  const { admin, told, stateDir, state } = await desk();
  const { clients } = clientAdminHandlers(admin, new FakeLog([]));
  await state.flush();
  rmSync(join(stateDir, 'clients'), { recursive: true });
  writeFileSync(join(stateDir, 'clients'), 'no directory');
  const revoke = clients({ command: 'clients', action: 'revoke', name: 'phone' });
  await expect(revoke).rejects.toThrow(/^revoke phone is in force, but not on the disk\n.*\nfix: make room/);
  expect(told).toMatchObject([{ name: 'phone', revoked: true }]);
  await expect(clients({ command: 'clients', action: 'list' })).resolves.toHaveLength(2);
});
