/** The state directory: everything that outlives a process, and the locks around it. */
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../errors.ts';
import { type FileLock, tryLock } from './file-lock.ts';

/** Creating keys or an invite takes milliseconds; whoever waits longer than this waits for a stuck process. */
const EDIT_LOCK_TIMEOUT_MS = 5_000;
const EDIT_LOCK_RETRY_MS = 20;

/** Makes the directory (0700, parents too) when there is none. Throws `UserError`. */
export function ensureStateDir(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    if (!statSync(path).isDirectory()) throw new Error('it is not a directory');
  } catch (cause) {
    throw new UserError(`the state directory ${path} cannot be used`, {
      cause,
      fix: 'run as root, or name another one with --state-dir DIR',
    });
  }
}

/** One daemon per state directory: two would use the same keys and counters. Held until the process ends. */
export function lockForDaemon(stateDir: string): FileLock {
  const lock = tryLock(join(stateDir, 'daemon.lock'));
  if ('release' in lock) return lock;
  throw new UserError(`the state directory ${stateDir} is in use`, {
    cause:
      lock.heldBy > 0 ? `resip-vpn runs with it, process ${lock.heldBy}` : 'another resip-vpn runs with it',
    fix: 'stop that one, or give this one its own with --state-dir DIR',
  });
}

/** The last edit of this process in each directory, until it is over: to ask for the lock starts a program and waits for it. */
const lastEdits = new Map<string, Promise<unknown>>();

/** Runs `edit` while nobody else creates keys or invites here. */
export async function withEditLock<T>(stateDir: string, edit: () => Promise<T>): Promise<T> {
  const before = lastEdits.get(stateDir);
  const turn = (before ?? Promise.resolve()).then(() => lockedEdit(stateDir, edit));
  const over = turn.catch(() => {});
  lastEdits.set(stateDir, over);
  try {
    return await turn;
  } finally {
    if (lastEdits.get(stateDir) === over) lastEdits.delete(stateDir);
  }
}

async function lockedEdit<T>(stateDir: string, edit: () => Promise<T>): Promise<T> {
  const lock = await waitForEditLock(stateDir);
  try {
    return await edit();
  } finally {
    lock.release();
  }
}

async function waitForEditLock(stateDir: string): Promise<FileLock> {
  const path = join(stateDir, 'edit.lock');
  const sinceMs = performance.now();
  for (;;) {
    const lock = tryLock(path);
    if ('release' in lock) return lock;
    if (performance.now() - sinceMs >= EDIT_LOCK_TIMEOUT_MS) {
      throw new UserError(`the state directory ${stateDir} is being changed by process ${lock.heldBy}`, {
        fix: 'see what that process waits for, and try again',
      });
    }
    await sleep(EDIT_LOCK_RETRY_MS);
  }
}
