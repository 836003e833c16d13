/** Secrets that others may read. It is said even where the next write closes the file: they may have been read already. */
import { statSync } from 'node:fs';
import type { Log } from './log.ts';

export function warnOfExposed(paths: readonly string[], log: Log): void {
  for (const path of paths) {
    const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
    if ((mode & 0o077) !== 0) {
      log.warn(
        { what: `${path} holds keys, and others may read it`, fix: `chmod 600 ${path}` },
        'secret-exposed',
      );
    }
  }
}
