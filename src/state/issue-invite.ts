/** Makes an invite in a server's state directory, whether or not the server runs. */
import { randomBytes } from 'node:crypto';
import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { formatInvite } from '../config/invite.ts';
import type { Endpoint } from '../config/units.ts';
import type { InviteRecord } from '../engine/messages.ts';
import { UserError } from '../errors.ts';
import { deriveInviteId, deriveInvitePsk } from '../proto/session/invite-keys.ts';
import type { Primitives } from '../proto/session/primitives.ts';
import { writeAtomic } from './atomic-file.ts';
import { clientRecordSchema, inviteRecordSchema } from './records.ts';
import { openIdentity } from './server-identity.ts';
import { type Damage, invitePath, readRecords, toText } from './server-state.ts';
import { withEditLock } from './state-dir.ts';

export interface InviteRequest {
  readonly name: string;
  readonly endpoint: Endpoint;
  /** Milliseconds since the epoch; 0 = never. */
  readonly expiresMs: number;
  readonly nowMs: number;
}

export interface IssuedInvite {
  /** The line for the client. Its secret is nowhere else. */
  readonly line: string;
  readonly record: InviteRecord;
}

/** Makes the server's keys too when the directory is new. Throws `UserError` for a name that is taken. */
export function issueInvite(
  stateDir: string,
  request: InviteRequest,
  primitives: Primitives,
): Promise<IssuedInvite> {
  return withEditLock(stateDir, async () => {
    const identity = await openIdentity(stateDir);
    await claimName(stateDir, request.name, request.nowMs);
    const secret = randomBytes(32);
    const record: InviteRecord = {
      id: base64(deriveInviteId(primitives, secret)),
      name: request.name,
      psk: base64(deriveInvitePsk(primitives, secret)),
      expiresMs: request.expiresMs,
    };
    await writeAtomic(invitePath(stateDir, record.id), toText(record));
    const line = formatInvite({
      endpoint: request.endpoint,
      serverPublicKey: primitives.x25519PublicKey(Buffer.from(identity.privateKey, 'base64')),
      networkKey: Buffer.from(identity.networkKey, 'base64'),
      secret,
      name: request.name,
    });
    return { line, record };
  });
}

/** A name belongs to one client. An invite that expired unused gives its name back. */
async function claimName(stateDir: string, name: string, nowMs: number): Promise<void> {
  const damaged: Damage[] = [];
  const clients = await readRecords(join(stateDir, 'clients'), clientRecordSchema, damaged);
  if (clients.some((client) => client.name === name)) {
    throw new UserError(`there is a client named ${name} already`, { fix: 'choose another name' });
  }
  const invites = await readRecords(join(stateDir, 'invites'), inviteRecordSchema, damaged);
  for (const invite of invites.filter((other) => other.name === name && other.usedBy === undefined)) {
    const path = invitePath(stateDir, invite.id);
    if (invite.expiresMs === 0 || invite.expiresMs > nowMs) {
      throw new UserError(`there is an invite for ${name} already`, {
        cause: `nobody has used it yet; it expires ${expiry(invite.expiresMs)}`,
        fix: `use that one, choose another name, or withdraw it: resip-vpn clients revoke ${name}`,
      });
    }
    await unlink(path);
  }
}

function expiry(expiresMs: number): string {
  return expiresMs === 0
    ? 'never'
    : `on ${new Date(expiresMs).toISOString().slice(0, 16).replace('T', ' at ')} UTC`;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
