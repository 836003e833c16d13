/**
 * To whom a state directory belongs. The daemon may run as a user of its own; whatever root does there has to leave files that
 * this user can read and replace. Root never writes where that user could have laid a link: it turns into the user first.
 */
import { lchownSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.ts';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const ROOT = 0;
const OTHERS = 0o077;

/**
 * Gives a directory of root's, with everything in it, to the daemon's user; one that is somebody's already is left alone. Throws
 * `UserError` for one that others may enter: it may hold more than our state, and its files could be exchanged meanwhile.
 */
export function handOver(stateDir: string, owner: Owner): void {
  const { uid, mode } = statSync(stateDir);
  if (uid !== ROOT) return;
  if ((mode & OTHERS) !== 0) {
    throw new UserError(`the state directory ${stateDir} cannot be given to the daemon's user`, {
      cause: 'others may enter it, so more may be in it than the state of this daemon',
      fix: 'name a directory of its own with --state-dir DIR; it is made when it is not there',
      exitCode: 78,
    });
  }
  giveTree(stateDir, owner);
}

/**
 * For a daemon that stays root. Throws `UserError` for a directory of somebody else's with files of theirs: what root wrote there its
 * user could not read any more.
 */
export function refuseOthers(stateDir: string): void {
  if (process.geteuid?.() !== ROOT || statSync(stateDir).uid === ROOT) return;
  const [other] = readdirSync(stateDir)
    .map((name) => lstatSync(join(stateDir, name), { throwIfNoEntry: false })?.uid ?? ROOT)
    .filter((uid) => uid !== ROOT);
  if (other === undefined) return;
  throw new UserError(`the state directory ${stateDir} is another user's`, {
    cause: `its files belong to user ${other}, who could not read what root writes there`,
    fix: `run with that user's rights: --user "$(stat -c %U ${stateDir})"; or give it to root: chown -R root ${stateDir}`,
    exitCode: 78,
  });
}

/** For a verb that root calls: from here on this process is the owner of `stateDir`, where that is not root. */
export function becomeOwner(stateDir: string): void {
  if (process.geteuid?.() !== ROOT) return;
  const { uid, gid } = statSync(stateDir);
  if (uid === ROOT) return;
  process.setgroups?.([gid]);
  process.setgid?.(gid);
  process.setuid?.(uid);
}

/** The top comes last: until then the owner cannot get in. */
function giveTree(path: string, owner: Owner): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const inner = join(path, entry.name);
    if (entry.isDirectory()) giveTree(inner, owner);
    else lchownSync(inner, owner.uid, owner.gid);
  }
  lchownSync(path, owner.uid, owner.gid);
}
