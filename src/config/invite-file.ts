/** The invite that a file, a credential or a variable leads to. */
import { existsSync } from 'node:fs';
import { UserError } from '../errors.ts';
import { type Invite, parseInvite } from './invite.ts';
import { findInviteFile, readSecretFile } from './secret-file.ts';

/** Undefined: there is none; also when the file is gone and `mayBeGone`. Throws `UserError`. */
export function readInviteFile(
  named: string | undefined,
  mayBeGone: boolean,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Invite | undefined {
  const path = findInviteFile(named, env);
  if (path === undefined || (mayBeGone && !existsSync(path))) return undefined;
  const invite = parseInvite(readSecretFile(path));
  if (typeof invite !== 'string') return invite;
  throw new UserError(`${path}: expected an invite ${invite}`, { exitCode: 78 });
}
