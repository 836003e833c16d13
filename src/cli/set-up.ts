/** Steps of `server init` and `join`: files that are new or not written at all, the user they belong to, the service. */
import { chmodSync, chownSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DEFAULT_CONFIG_DIR, DEFAULT_STATE_DIR } from '../config/common-config.ts';
import { UserError } from '../errors.ts';
import { enableUnit, hasSystemd, type Role } from '../host/service.ts';
import { ensureStateDir } from '../state/state-dir.ts';
import { handOver, type Owner } from '../state/state-owner.ts';

export interface Places {
  readonly configPath: string;
  readonly stateDir: string;
}

/** Throws `UserError` when the configuration exists or this is not root. */
export function freePlaces(name: string): Places {
  const configPath = join(DEFAULT_CONFIG_DIR, `${name}.toml`);
  if (existsSync(configPath)) {
    throw new UserError(`${configPath} is there already`, {
      cause: 'what is set up is never overwritten',
      fix: 'edit it, or choose another name with --name',
    });
  }
  if (process.geteuid?.() === 0) return { configPath, stateDir: join(DEFAULT_STATE_DIR, name) };
  throw new UserError('only root can set this machine up', { fix: 'put sudo in front of it' });
}

/** For root, and for the group of the daemon's user where it has one. */
export function writeConfig(path: string, text: string, owner: Owner | undefined): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  writeFileSync(path, text, { mode: 0o600, flag: 'wx' });
  if (owner === undefined) return;
  chownSync(path, 0, owner.gid);
  chmodSync(path, 0o640);
}

/**
 * `work` in the state directory, made where there is none: as its owner where that is not root, like what was set up here before. The
 * daemon could not read what root leaves there, and this user's links lead root nowhere.
 */
export async function inStateDir<T>(stateDir: string, work: () => Promise<T>): Promise<T> {
  ensureStateDir(stateDir);
  const { uid, gid } = statSync(stateDir);
  process.setegid?.(gid);
  process.seteuid?.(uid);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}

/** The way to the state directory is open, the directory itself its owner's alone. */
export function giveStateDir(stateDir: string, owner: Owner | undefined): void {
  if (owner === undefined) return;
  chmodSync(dirname(stateDir), 0o755);
  handOver(stateDir, owner);
}

/** The service runs; or how to start the daemon by hand. */
export async function startService(role: Role, name: string): Promise<[what: string, how: string]> {
  if (hasSystemd()) return ['service', `${await enableUnit(role, name)} runs, and starts with the machine`];
  const flags = name === role ? '' : ` --config ${name}`;
  return ['start it', `resip-vpn ${role}${flags}   (this machine has no systemd)`];
}

/** Two columns. */
export function report(lines: readonly (readonly [what: string, how: string])[]): string {
  return lines.map(([what, how]) => `${what.padEnd(15)} ${how}\n`).join('');
}
