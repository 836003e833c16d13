/** Whether a file would do, without starting anything. */
import { clientKind } from './client-config.ts';
import type { ConfigKind } from './common-config.ts';
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

/** Whose keys there are more of. Every server key has a default; a client names its interfaces. */
function guessRole(keys: readonly string[]): Role {
  const count = (kind: ConfigKind<unknown>) => keys.filter((key) => kind.keys.includes(key)).length;
  if (keys.includes('interface') || keys.includes('invite')) return 'client';
  return count(clientKind) > count(serverKind) ? 'client' : 'server';
}
