/** Makes an invite on the disk and tells the running server, if one runs, about it. */
import { existsSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { DEFAULT_STATE_DIR } from '../config/common-config.ts';
import { configPath, loadConfig } from '../config/load-config.ts';
import { serverKind } from '../config/server-config.ts';
import type { Endpoint } from '../config/units.ts';
import { askDaemon, NotRunningError } from '../control/control-client.ts';
import { loadPrimitives } from '../crypto/sodium.ts';
import { UserError } from '../errors.ts';
import { issueInvite } from '../state/issue-invite.ts';
import { ensureStateDir } from '../state/state-dir.ts';
import { becomeOwner } from '../state/state-owner.ts';

export interface InviteAction {
  readonly stateDir: string;
  readonly name: string;
  readonly endpoint: Endpoint;
  /** Infinity = for ever. */
  readonly lifeMs: number;
}

export interface MadeInvite {
  readonly line: string;
  /** The server runs, but did not take the invite: it will when it starts again. */
  readonly problem?: UserError;
}

/** The line to hand out. A server that does not run reads the invite when it starts. */
export async function invite({ stateDir, name, endpoint, lifeMs }: InviteAction): Promise<MadeInvite> {
  process.umask(0o077);
  const directory = resolve(stateDir);
  ensureStateDir(directory);
  const nowMs = Date.now();
  const expiresMs = Number.isFinite(lifeMs) ? nowMs + lifeMs : 0;
  const primitives = await loadPrimitives();
  becomeOwner(directory);
  const issued = await issueInvite(directory, { name, endpoint, expiresMs, nowMs }, primitives);
  try {
    await askDaemon(directory, { command: 'invite-put', invite: issued.record });
    return { line: issued.line };
  } catch (error) {
    if (error instanceof NotRunningError) return { line: issued.line };
    const what = 'the running server does not know this invite yet';
    return {
      line: issued.line,
      problem: new UserError(what, { cause: error, fix: 'restart the server before you use it' }),
    };
  }
}

/** What the configuration says that goes with a state directory. Throws `UserError` where it says nothing. */
export function configuredEndpoint(stateDir: string): Endpoint {
  const directory = resolve(stateDir);
  const isUsual = directory === DEFAULT_STATE_DIR;
  const path = configPath(isUsual ? 'server' : basename(directory));
  if (isUsual || dirname(directory) === DEFAULT_STATE_DIR) {
    const config = existsSync(path) ? loadConfig(serverKind, { config: path }).config : undefined;
    if (config?.stateDir === directory && config.endpoint !== undefined) return config.endpoint;
  }
  throw new UserError('an invite says where the server is, and nobody has said that yet', {
    fix: 'name it: --endpoint HOST:PORT; or once for all, in the configuration: endpoint = "HOST:PORT"',
    exitCode: 2,
  });
}
