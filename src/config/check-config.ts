/** Whether a file would do, without starting anything. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.ts';
import { clientKind } from './client-config.ts';
import { type ConfigKind, DEFAULT_CONFIG_DIR } from './common-config.ts';
import { readConfigFile } from './config-file.ts';
import { configPath, readConfig } from './load-config.ts';
import { serverKind } from './server-config.ts';

export type Role = 'client' | 'server';

export interface CheckedConfig {
  readonly path: string;
  readonly role: Role;
  readonly warnings: readonly string[];
}

/** Throws `ConfigError` with everything that is wrong. Without a role, the keys tell it. */
export function checkConfig(file: string, wantedRole?: Role): CheckedConfig {
  const path = configPath(file);
  const read = readConfigFile(path);
  const role = wantedRole ?? guessRole(Object.keys(read.values));
  const kind: ConfigKind<unknown> = role === 'server' ? serverKind : clientKind;
  return { path, role, warnings: readConfig(kind, read, {}).warnings };
}

/** All of the usual directory, by name. Throws `UserError` when there is none. */
export function usualConfigs(directory = DEFAULT_CONFIG_DIR): string[] {
  const names = existsSync(directory) ? readdirSync(directory).sort() : [];
  const found = names.filter((name) => name.endsWith('.toml')).map((name) => join(directory, name));
  if (found.length > 0) return found;
  throw new UserError(`there is no configuration in ${directory}`, {
    fix: 'name a file: resip-vpn check-config FILE; `server init` and `join` make one',
    exitCode: 78,
  });
}

/** Whose keys there are more of. Every server key has a default; a client names its interfaces. */
function guessRole(keys: readonly string[]): Role {
  const count = (kind: ConfigKind<unknown>) => keys.filter((key) => kind.keys.includes(key)).length;
  if (keys.includes('interface') || keys.includes('invite')) return 'client';
  return count(clientKind) > count(serverKind) ? 'client' : 'server';
}
