/**
 * Secrets outside the configuration: in a file that a key names, in a credential of the unit (systemd.exec(5), LoadCredential=), or in
 * a file that an environment variable names. What everybody may read is no secret any more and is refused.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.ts';

/** An invite has 600 characters; a device or a log given by mistake is refused. */
const MAX_SECRET_BYTES = 4_096;
const READABLE_BY_ALL = 0o007;

const INVITE_VARIABLE = 'RESIP_VPN_INVITE_FILE';
const INVITE_CREDENTIAL = 'invite';

/** Where the invite is, if anybody says so: the key's file, the variable's, the credential. */
export function findInviteFile(
  named: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const wanted = named ?? env[INVITE_VARIABLE];
  if (wanted !== undefined) return wanted;
  const { CREDENTIALS_DIRECTORY: directory } = env;
  const credential = directory === undefined ? undefined : join(directory, INVITE_CREDENTIAL);
  return credential !== undefined && existsSync(credential) ? credential : undefined;
}

/** Without blanks around it. Throws `UserError`, whose text never has the secret. */
export function readSecretFile(path: string): string {
  try {
    refuseExposed(path, 'a secret');
    if (statSync(path).size > MAX_SECRET_BYTES) throw new Error('it is too large for a secret');
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    throw new UserError(`the secret in ${path} cannot be read`, { cause, exitCode: 78 });
  }
}

/** Throws `UserError` (exit status 78) for a file that every user of the machine may read; a missing one is none. */
export function refuseExposed(path: string, holds: string): void {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & READABLE_BY_ALL) === 0) return;
  throw new UserError(`${path} holds ${holds}, and everybody may read it`, {
    cause: 'somebody may have read it already',
    fix: `chmod 600 ${path}; if others use this machine, have a new one made as well`,
    exitCode: 78,
  });
}
