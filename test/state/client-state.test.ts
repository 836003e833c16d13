import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { Invite } from '../../src/config/invite.ts';
import { loadPrimitives } from '../../src/crypto/sodium.ts';
import type { Primitives } from '../../src/proto/session/primitives.ts';
import { ClientState } from '../../src/state/client-state.ts';
import { temporaryDir } from './temporary-dir.ts';

let primitives: Primitives;
beforeAll(async () => {
  primitives = await loadPrimitives();
});

function invite(server: number, secret: number): Invite {
  return {
    endpoint: { host: 'vpn.example.org', port: 4600 },
    serverPublicKey: new Uint8Array(32).fill(server),
    networkKey: new Uint8Array(32).fill(2),
    secret: new Uint8Array(32).fill(secret),
    name: 'laptop',
  };
}

test('key, server and counter outlive the process, in a file for the owner only', async () => {
  const dir = temporaryDir();
  const first = await ClientState.open(dir);
  expect(await first.accept(invite(1, 3), primitives)).toBe('first');
  const counter = await first.reserveCounters(0);
  const again = await ClientState.open(dir);
  expect(again.privateKey).toBe(first.privateKey);
  expect(again.server).toEqual(first.server);
  expect(await again.reserveCounters(0)).toBeGreaterThan(counter);
  expect(statSync(join(dir, 'client.json')).mode & 0o777).toBe(0o600);
});

test('the secret of an invite is not kept', async () => {
  const dir = temporaryDir();
  await (await ClientState.open(dir)).accept(invite(1, 3), primitives);
  const secret = Buffer.from(invite(1, 3).secret);
  const text = readFileSync(join(dir, 'client.json'), 'utf8');
  expect(text).not.toContain(secret.toString('base64'));
  expect(text).not.toContain(secret.toString('base64url'));
});

test('the same invite goes on with the same key, at its newest endpoint', async () => {
  const state = await ClientState.open(temporaryDir());
  await state.accept(invite(1, 3), primitives);
  const key = state.privateKey;
  const moved = { ...invite(1, 3), endpoint: { host: '2001:db8::7', port: 1 } };
  expect(await state.accept(moved, primitives)).toBe('same');
  expect(state.privateKey).toBe(key);
  expect(state.server?.endpoint).toEqual(moved.endpoint);
});

test.each([
  ['another server', invite(9, 3)],
  ['another invite of the same server', invite(1, 4)],
])('%s replaces it with a new key', async (_, other) => {
  const state = await ClientState.open(temporaryDir());
  await state.accept(invite(1, 3), primitives);
  const key = state.privateKey;
  expect(await state.accept(other, primitives)).toBe('replaced');
  expect(state.privateKey).not.toBe(key);
});

test('a damaged file is named and not overwritten', async () => {
  const dir = temporaryDir();
  const path = join(dir, 'client.json');
  writeFileSync(path, '{"version": 1, "privateKey": "abc"');
  await expect(ClientState.open(dir)).rejects.toThrow(`${path} is damaged`);
  expect(readFileSync(path, 'utf8')).toContain('"abc"');
});
