/** Which state directory a verb means that was not told: the usual one, or the one below it that an installed service uses. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.ts';

export type Whose = 'client' | 'server' | 'any';

const FILES: Readonly<Record<Whose, readonly string[]>> = {
  client: ['client.json'],
  server: ['server.json'],
  any: ['server.json', 'client.json'],
};

/**
 * Of `usual` and those below it (`/var/lib/resip-vpn/NAME`) that hold a state: the one that runs, `usual` before others; where
 * none runs `usual`, or the only one. Throws `UserError` (exit status 2) when several are meant equally.
 */
export function findStateDir(usual: string, whose: Whose): string {
  const holdsState = (dir: string) => FILES[whose].some((name) => existsSync(join(dir, name)));
  const found = [usual, ...subdirectories(usual)].filter(holdsState);
  const running = found.filter(seemsToRun);
  const candidates = running.length > 0 ? running : found;
  if (candidates.length === 0 || candidates.includes(usual)) return usual;
  if (candidates.length === 1) return candidates[0];
  throw new UserError('this machine has several clients or servers', {
    cause: candidates.join(', '),
    fix: `name one: --state-dir ${candidates[0]}`,
    exitCode: 2,
  });
}

/** A killed one leaves its socket; the lock names its process. */
function seemsToRun(dir: string): boolean {
  if (!existsSync(join(dir, 'control', 'control.sock'))) return false;
  try {
    const pid = Number.parseInt(readFileSync(join(dir, 'daemon.lock'), 'utf8'), 10);
    return !(pid > 0) || existsSync(`/proc/${pid}`);
  } catch {
    return true;
  }
}

/** None where there is nothing to see for this user. */
function subdirectories(path: string): string[] {
  try {
    const entries = readdirSync(path, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => join(path, name))
      .sort();
  } catch {
    return [];
  }
}
