/**
 * To whom a state directory belongs. The daemon may run as a user of its own; whatever root does there has to leave files that
 * this user can read and replace. Root never writes where that user could have laid a link: it turns into the user first.
 */
import { lchownSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const ROOT = 0;

/**
 * Gives a directory of root's, with everything in it, to the daemon's user; one that is somebody's already is left alone. Nobody but
 * root can have entered it so far, so nobody can exchange its files meanwhile.
 */
export function handOver(stateDir: string, owner: Owner): void {
  if (statSync(stateDir).uid !== ROOT) return;
  giveTree(stateDir, owner);
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
