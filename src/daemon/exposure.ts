/** Keys that others may read: refused where that is everybody, said where it is a group. */
import { statSync } from 'node:fs';
import { refuseExposed } from '../config/secret-file.ts';
import type { Log } from './log.ts';

/** Throws `UserError`. */
export function checkExposure(paths: readonly string[], log: Log): void {
  for (const path of paths) {
    refuseExposed(path, 'keys');
    const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
    if ((mode & 0o077) !== 0) {
      const what = `${path} holds keys, and a group may read it`;
      log.warn({ what, fix: `chmod 600 ${path}` }, 'secret-exposed');
    }
  }
}
