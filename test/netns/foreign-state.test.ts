/** A state directory that belongs to the daemon's own user: what this user may have laid there leads root no further than himself. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryDir } from '../state/temporary-dir.ts';

const MAIN = new URL('../../dist/main.js', import.meta.url).pathname;
/** `nobody` wherever there is one. */
const UID = 65_534;

it('`kill-switch off` takes away what is left with the rights of that user', () => {
  const folder = temporaryDir();
  chmodSync(folder, 0o755);
  const precious = join(folder, 'precious');
  writeFileSync(precious, 'of root', { mode: 0o600 });
  const state = join(folder, 'state');
  mkdirSync(state, { mode: 0o700 });
  const restore = {
    kind: 'resolv-conf',
    path: join(state, 'note'),
    instance: 'a',
    before: { kind: 'file', text: 'of the user', mode: 0o644 },
  };
  writeFileSync(
    join(state, 'undo-1.journal'),
    `${JSON.stringify({ version: 1, boot: 'an earlier one', namespace: 1, pid: 1, startTicks: 0 })}\n${JSON.stringify({ id: 0, entry: restore })}\n`,
  );
  writeFileSync(join(state, 'note'), '# resip-vpn a: as if ours');
  symlinkSync(precious, join(state, 'note.resip-vpn'));
  for (const name of ['undo-1.journal', 'note', 'note.resip-vpn']) lchownSync(join(state, name), UID, UID);
  chownSync(state, UID, UID);

  const off = ['unshare', '--net', process.execPath, MAIN, 'kill-switch', 'off', '--state-dir', state];
  const { stdout, stderr } = spawnSync(off[0], off.slice(1), { encoding: 'utf8' });
  expect(stdout, stderr).toContain('there was no kill switch');
  expect(readFileSync(precious, 'utf8')).toBe('of root');
  // Else the daemon could not open it any more.
  expect(statSync(join(state, 'daemon.lock')).uid).toBe(UID);
});

it('a daemon that root starts without `--user` does not take it', () => {
  const state = join(temporaryDir(), 'state');
  mkdirSync(state, { mode: 0o700 });
  writeFileSync(join(state, 'server.json'), '{}', { mode: 0o600 });
  for (const path of [join(state, 'server.json'), state]) chownSync(path, UID, UID);
  const server = ['--net', process.execPath, MAIN, 'server', '--no-config', '--no-nat', '--state-dir', state];
  const { status, stderr } = spawnSync('unshare', server, { encoding: 'utf8' });
  expect(status, stderr).toBe(78);
  expect(stderr).toContain('--user');
  expect(readdirSync(state)).toEqual(['server.json']);
});
