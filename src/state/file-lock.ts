/**
 * flock(2), which the kernel gives back when its holder dies, however it dies. Node.js has no call for it, so flock(1)
 * locks a descriptor that it shares with us: the lock belongs to the open file, which stays ours when flock(1) has ended.
 * Nobody else inherits it, since Node.js opens files close-on-exec.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { fileError, UserError } from '../errors.ts';

/** As 'a+', but not behind a link that somebody laid in its place: the file is cut short. */
const OWN_FILE = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;

export interface FileLock {
  release(): void;
}

/** The lock, or the pid of who holds it (0 when it cannot be told). Throws `UserError`. */
export function tryLock(path: string): FileLock | { heldBy: number } {
  const file = open(path);
  if (!flock(file)) {
    closeSync(file);
    return { heldBy: Number.parseInt(readFileSync(path, 'utf8'), 10) || 0 };
  }
  ftruncateSync(file);
  try {
    writeSync(file, `${process.pid}\n`);
  } catch {
    // On a full disk it stays a lock; only the number is missing.
  }
  return { release: () => closeSync(file) };
}

function open(path: string): number {
  try {
    return openSync(path, OWN_FILE, 0o600);
  } catch (error) {
    throw fileError(path, 'written', error);
  }
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
