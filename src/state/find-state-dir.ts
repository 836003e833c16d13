/** Which state directory a verb means that was not told: the usual one, or the one below it that an installed service uses. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.ts';

export type Whose = 'client' | 'server' | 'any';

const FILES: Readonly<Record<Whose, readonly string[]>> = {
  client: ['client.json'],
  server: ['server.json'],
  any: ['server.json', 'client.json'],
};

/**
 * `usual` itself where it holds a state or nothing else does; else the only one below it (`/var/lib/resip-vpn/NAME`), or the only
 * one there that runs. Throws `UserError` (exit status 2) when several are meant equally.
 */
export function findStateDir(usual: string, whose: Whose): string {
  const holdsState = (dir: string) => FILES[whose].some((name) => existsSync(join(dir, name)));
  if (holdsState(usual)) return usual;
  const found = subdirectories(usual).filter(holdsState);
  const running = found.filter((dir) => existsSync(join(dir, 'control', 'control.sock')));
  const [candidates] = [running, found].filter((dirs) => dirs.length > 0);
  if (candidates === undefined) return usual;
  if (candidates.length === 1) return candidates[0];
  throw new UserError('this machine has several clients or servers', {
    cause: candidates.join(', '),
    fix: `name one: --state-dir ${candidates[0]}`,
    exitCode: 2,
  });
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
