/** Makes an invite on the disk and tells the running server, if one runs, about it. */
import { resolve } from 'node:path';
import type { Endpoint } from '../config/units.ts';
import { askDaemon, NotRunningError } from '../control/control-client.ts';
import { loadPrimitives } from '../crypto/sodium.ts';
import { issueInvite } from '../state/issue-invite.ts';
import { ensureStateDir } from '../state/state-dir.ts';

export interface InviteAction {
  readonly stateDir: string;
  readonly name: string;
  readonly endpoint: Endpoint;
  /** Infinity = for ever. */
  readonly lifeMs: number;
}

/** The line to hand out. A server that does not run reads the invite when it starts. */
export async function invite({ stateDir, name, endpoint, lifeMs }: InviteAction): Promise<string> {
  process.umask(0o077);
  const directory = resolve(stateDir);
  ensureStateDir(directory);
  const nowMs = Date.now();
  const expiresMs = Number.isFinite(lifeMs) ? nowMs + lifeMs : 0;
  const issued = await issueInvite(directory, { name, endpoint, expiresMs, nowMs }, await loadPrimitives());
  await askDaemon(directory, { command: 'invite-put', invite: issued.record }).catch((error) => {
    if (!(error instanceof NotRunningError)) throw error;
  });
  return issued.line;
}
