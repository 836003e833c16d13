/** Makes an invite on the disk and tells the running server, if one runs, about it. */
import { resolve } from 'node:path';
import type { Endpoint } from '../config/units.ts';
import { askDaemon, NotRunningError } from '../control/control-client.ts';
import { loadPrimitives } from '../crypto/sodium.ts';
import { UserError } from '../errors.ts';
import { issueInvite } from '../state/issue-invite.ts';
import { ensureStateDir } from '../state/state-dir.ts';

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
  const issued = await issueInvite(directory, { name, endpoint, expiresMs, nowMs }, await loadPrimitives());
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
