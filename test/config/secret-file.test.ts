import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { formatInvite } from '../../src/config/invite.ts';
import { readInviteFile } from '../../src/config/invite-file.ts';
import { UserError } from '../../src/errors.ts';
import { temporaryDir } from '../state/temporary-dir.ts';

const key = new Uint8Array(32).fill(7);
const inviteFor = (name: string) =>
  formatInvite({
    endpoint: { host: 'vpn.example.org', port: 4600 },
    serverPublicKey: key,
    networkKey: key,
    secret: key,
    name,
  });

/** A file with an invite for `name` in it. */
function secret(name: string, directory = temporaryDir(), file = name): string {
  const path = join(directory, file);
  writeFileSync(path, `${inviteFor(name)}\n`, { mode: 0o600 });
  return path;
}

function failure(run: () => unknown): UserError {
  try {
    run();
  } catch (error) {
    if (error instanceof UserError) return error;
  }
  throw new Error('nothing was wrong');
}

test('the key goes before the variable, and that before the credential', () => {
  const credentials = join(temporaryDir(), 'credentials');
  mkdirSync(credentials);
  secret('by-credential', credentials, 'invite');
  const byCredential = { CREDENTIALS_DIRECTORY: credentials };
  const byVariable = { ...byCredential, RESIP_VPN_INVITE_FILE: secret('by-variable') };
  expect(readInviteFile(undefined, false, {})).toBeUndefined();
  expect(readInviteFile(undefined, false, { CREDENTIALS_DIRECTORY: temporaryDir() })).toBeUndefined();
  expect(readInviteFile(undefined, false, byCredential)?.name).toBe('by-credential');
  expect(readInviteFile(undefined, false, byVariable)?.name).toBe('by-variable');
  expect(readInviteFile(secret('by-key'), false, byVariable)?.name).toBe('by-key');
});

test('what everybody may read is refused, with the remedy, and what a group may read is not', () => {
  const path = secret('laptop');
  chmodSync(path, 0o640);
  expect(readInviteFile(path, false, {})?.name).toBe('laptop');
  for (const mode of [0o644, 0o604, 0o602, 0o601]) {
    chmodSync(path, mode);
    const { message, exitCode } = failure(() => readInviteFile(path, false, {}));
    expect(exitCode).toBe(78);
    expect(message).toContain(`chmod 600 ${path}`);
  }
});

test('a missing file is a mistake until the server is known', () => {
  const path = join(temporaryDir(), 'none');
  expect(failure(() => readInviteFile(path, false, {})).exitCode).toBe(78);
  expect(readInviteFile(path, true, {})).toBeUndefined();
});

test('what is no invite is not repeated', () => {
  const path = secret('laptop');
  writeFileSync(path, 'resip://h/#AQsecret');
  const { message, exitCode } = failure(() => readInviteFile(path, false, {}));
  expect({ exitCode, message }).toMatchObject({
    exitCode: 78,
    message: expect.not.stringContaining('AQsecret'),
  });
  writeFileSync(path, 'x'.repeat(5_000));
  expect(failure(() => readInviteFile(path, false, {})).message).toContain('too large');
});
