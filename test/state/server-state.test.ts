import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { parseInvite } from '../../src/config/invite.ts';
import { loadPrimitives } from '../../src/crypto/sodium.ts';
import type { ClientRecord } from '../../src/engine/messages.ts';
import { deriveInviteId } from '../../src/proto/session/invite-keys.ts';
import type { Primitives } from '../../src/proto/session/primitives.ts';
import { issueInvite } from '../../src/state/issue-invite.ts';
import { ServerState } from '../../src/state/server-state.ts';
import { temporaryDir } from './temporary-dir.ts';

let primitives: Primitives;
beforeAll(async () => {
  primitives = await loadPrimitives();
});

const options = {
  onWriteError: (path: string, error: Error) => {
    throw new Error(path, { cause: error });
  },
};

const endpoint = { host: '192.0.2.1', port: 4600 };
const DAY_MS = 86_400_000;
const issue = (dir: string, name: string, nowMs = 0, expiresMs = DAY_MS) =>
  issueInvite(dir, { name, endpoint, expiresMs, nowMs }, primitives);

function client(fill: number, name: string): ClientRecord {
  const key = Buffer.alloc(32, fill).toString('base64');
  return { publicKey: key, name, psk: key, counter: 7, address: '10.77.0.2', lastSeenMs: 1 };
}

test('keys and the private IPv6 network are made once', async () => {
  const dir = temporaryDir();
  const first = await ServerState.open(dir, options);
  expect(first.identity.pool6).toMatch(/^fd[0-9a-f]{2}:[0-9a-f:]+::\/64$/);
  expect((await ServerState.open(dir, options)).identity).toEqual(first.identity);
  expect((await ServerState.open(temporaryDir(), options)).identity.pool6).not.toBe(first.identity.pool6);
  expect(statSync(join(dir, 'server.json')).mode & 0o777).toBe(0o600);
});

test('clients and invites outlive the process', async () => {
  const dir = temporaryDir();
  const state = await ServerState.open(dir, options);
  const { record } = await issue(dir, 'laptop');
  state.putClient(client(1, 'phone'));
  state.putInvite({ ...record, usedBy: client(1, '').publicKey });
  expect(await state.flush()).toBe(true);
  const again = await ServerState.open(dir, options);
  expect(again.clients).toEqual([client(1, 'phone')]);
  expect(again.invites).toEqual([{ ...record, usedBy: client(1, '').publicKey }]);
});

test('one damaged file costs one client, is named and left alone', async () => {
  const dir = temporaryDir();
  const state = await ServerState.open(dir, options);
  state.putClient(client(1, 'phone'));
  state.putClient(client(2, 'laptop'));
  await state.flush();
  const path = join(dir, 'clients', `${'01'.repeat(32)}.json`);
  writeFileSync(path, readFileSync(path).subarray(0, 40));
  const again = await ServerState.open(dir, options);
  expect(again.clients.map(({ name }) => name)).toEqual(['laptop']);
  expect(again.damaged).toEqual([{ path, reason: 'it is not JSON' }]);
  expect(readdirSync(join(dir, 'clients'))).toHaveLength(2);
});

test('an invite leads to this server, and its secret is nowhere on the server', async () => {
  const dir = temporaryDir();
  const { line, record } = await issue(dir, 'laptop');
  const { identity } = await ServerState.open(dir, options);
  const invite = parseInvite(line);
  if (typeof invite === 'string') throw new Error(invite);
  expect(invite).toMatchObject({ endpoint, name: 'laptop' });
  expect(invite.serverPublicKey).toEqual(
    primitives.x25519PublicKey(Buffer.from(identity.privateKey, 'base64')),
  );
  expect(Buffer.from(deriveInviteId(primitives, invite.secret)).toString('base64')).toBe(record.id);
  const secret = Buffer.from(invite.secret);
  for (const file of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const text = readFileSync(join(file.parentPath, file.name));
    for (const form of [secret, secret.toString('base64'), secret.toString('hex')])
      expect(text.includes(form)).toBe(false);
  }
});

test('a name belongs to one: an open invite, then a client; one that expired unused gives it back', async () => {
  const dir = temporaryDir();
  await issue(dir, 'laptop');
  await expect(issue(dir, 'laptop')).rejects.toThrow('there is an invite for laptop already');
  await issue(dir, 'laptop', 2 * DAY_MS, 3 * DAY_MS);
  expect(readdirSync(join(dir, 'invites'))).toHaveLength(1);
  const state = await ServerState.open(dir, options);
  state.putClient(client(1, 'phone'));
  await state.flush();
  await expect(issue(dir, 'phone')).rejects.toThrow('there is a client named phone already');
});

test('two invites of one name at once: one wins', async () => {
  const dir = temporaryDir();
  const results = await Promise.allSettled([issue(dir, 'a'), issue(dir, 'a'), issue(dir, 'a')]);
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});
