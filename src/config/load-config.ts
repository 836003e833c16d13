/** Flags and file become one frozen configuration, or one error that names everything wrong. Flags win. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type ConfigKind, DEFAULT_CONFIG_DIR } from './common-config.ts';
import { type ConfigFile, readConfigFile } from './config-file.ts';
import { ConfigError, diagnose } from './diagnostics.ts';
import { refuseExposed } from './secret-file.ts';

export interface LoadedConfig<T> {
  readonly config: T;
  /** The file that was read, for the log. */
  readonly path?: string;
  /** Things to tell the user that stop nothing. */
  readonly warnings: readonly string[];
}

/**
 * `flags` as given, without undefined ones; the key `config` names the file (or, as `NAME`, one of the usual directory), false reads
 * none, and without it `role`.toml in the usual directory is read if there is one.
 */
export function loadConfig<T>(
  kind: ConfigKind<T>,
  flags: Readonly<Record<string, unknown>>,
): LoadedConfig<T> {
  const { config: wanted, ...ownFlags } = flags;
  const file = findFile(kind.role, wanted);
  return readConfig(kind, file, ownFlags);
}

/** As `loadConfig`, from a file that was read, or none. */
export function readConfig<T>(
  { schema, keys }: ConfigKind<T>,
  file: ConfigFile | undefined,
  ownFlags: Readonly<Record<string, unknown>>,
): LoadedConfig<T> {
  const values = { ...file?.values, ...ownFlags };
  const result = schema.safeParse(values);
  if (!result.success) {
    // What is missing may be added to the file, where there is one.
    const sourceOf = (key: string) =>
      file !== undefined && !(key in ownFlags)
        ? ({ kind: 'file', path: file.path, line: file.lines.get(key) } as const)
        : ({ kind: 'flag' } as const);
    throw new ConfigError(diagnose(result.error, values, sourceOf, keys));
  }
  return { config: deepFreeze(result.data), path: file?.path, warnings: exposure(file) };
}

function findFile(role: string, wanted: unknown): ConfigFile | undefined {
  if (typeof wanted === 'string') return readConfigFile(configPath(wanted));
  const usual = join(DEFAULT_CONFIG_DIR, `${role}.toml`);
  return wanted !== false && existsSync(usual) ? readConfigFile(usual) : undefined;
}

/** `home` is `/etc/resip-vpn/home.toml`; whatever has a slash or a dot is a path. */
export function configPath(wanted: string): string {
  return /^[A-Za-z0-9_-]+$/.test(wanted) ? join(DEFAULT_CONFIG_DIR, `${wanted}.toml`) : wanted;
}

/** Only an invite is secret. Throws `UserError` where everybody may read it. */
function exposure(file: ConfigFile | undefined): string[] {
  if (!file?.isExposed || !('invite' in file.values)) return [];
  refuseExposed(file.path, 'an invite');
  return [`${file.path} holds an invite and others may read it: chmod 600 ${file.path}`];
}

/** Key material stays a view of bytes, which cannot be frozen. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
