/**
 * flock(2), which the kernel gives back when its holder dies, however it dies. Node.js has no call for it, so flock(1)
 * locks a descriptor that it shares with us: the lock belongs to the open file, which stays ours when flock(1) has ended.
 * Nobody else inherits it, since Node.js opens files close-on-exec.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { UserError } from '../errors.ts';

export interface FileLock {
  release(): void;
}

/** The lock, or the pid of who holds it (0 when it cannot be told). */
export function tryLock(path: string): FileLock | { heldBy: number } {
  const file = openSync(path, 'a+', 0o600);
  if (!flock(file)) {
    closeSync(file);
    return { heldBy: Number.parseInt(readFileSync(path, 'utf8'), 10) || 0 };
  }
  ftruncateSync(file);
  writeSync(file, `${process.pid}\n`);
  return { release: () => closeSync(file) };
}

function flock(file: number): boolean {
  const { status, error } = spawnSync('flock', ['-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', file] });
  if (error) {
    throw new UserError('cannot lock the state directory', {
      cause: 'the program flock is missing',
      fix: 'apt-get install util-linux',
    });
  }
  return status === 0;
}
