/** What a client keeps: its own key pair, the server that its invite led to, and how far its handshake counters went. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import type { Invite } from '../config/invite.ts';
import { formatEndpoint, parseEndpoint } from '../config/units.ts';
import { deriveInviteId, deriveInvitePsk } from '../proto/session/invite-keys.ts';
import type { Primitives } from '../proto/session/primitives.ts';
import { writeAtomic } from './atomic-file.ts';
import { reserveCounters } from './handshake-counter.ts';
import { damageError, readJson } from './json-file.ts';
import { countSchema, inviteIdSchema, keySchema, nameSchema } from './records.ts';

const serverSchema = z.object({
  endpoint: z
    .object({ host: z.string(), port: z.number() })
    .refine((endpoint) => parseEndpoint(formatEndpoint(endpoint)) !== undefined, 'not an endpoint'),
  publicKey: keySchema,
  networkKey: keySchema,
  psk: keySchema,
  inviteId: inviteIdSchema,
  /** This client's name at the server. */
  name: nameSchema,
});

const fileSchema = z.object({
  version: z.literal(1),
  privateKey: keySchema,
  nextCounter: countSchema,
  server: serverSchema.optional(),
});

type FileContent = z.infer<typeof fileSchema>;

/** Keys and ids are base64. */
export type StoredServer = Readonly<z.infer<typeof serverSchema>>;

export type Acceptance = 'first' | 'same' | 'replaced';

export function clientStatePath(stateDir: string): string {
  return join(stateDir, 'client.json');
}

export class ClientState {
  private constructor(
    private readonly path: string,
    private content: FileContent,
  ) {}

  /** Makes the key pair when the directory is new. Throws `UserError` for a damaged file: it holds the only copy of the key. */
  static async open(stateDir: string): Promise<ClientState> {
    const path = clientStatePath(stateDir);
    const result = await readJson(path, fileSchema);
    switch (result.kind) {
      case 'read':
        return new ClientState(path, result.value);
      case 'missing':
        return new ClientState(path, { version: 1, privateKey: newKey(), nextCounter: 0 });
      case 'damaged':
        throw damageError(path, result, 'restore it from a backup, or move it away and use a new invite');
    }
  }

  get privateKey(): string {
    return this.content.privateKey;
  }

  get server(): StoredServer | undefined {
    return this.content.server;
  }

  /**
   * Makes the invite's server the one to use. The same invite again goes on (its endpoint may have changed). Any other
   * gets a new key pair: a server knows the old one, if at all, by another pre-shared key.
   */
  async accept(invite: Invite, primitives: Primitives): Promise<Acceptance> {
    const before = this.content.server;
    const server: StoredServer = {
      endpoint: invite.endpoint,
      publicKey: base64(invite.serverPublicKey),
      networkKey: base64(invite.networkKey),
      psk: base64(deriveInvitePsk(primitives, invite.secret)),
      inviteId: base64(deriveInviteId(primitives, invite.secret)),
      name: invite.name,
    };
    const isSame = before !== undefined && before.psk === server.psk && before.publicKey === server.publicKey;
    const privateKey = before === undefined || isSame ? this.content.privateKey : newKey();
    await this.save({ ...this.content, privateKey, server });
    return before === undefined ? 'first' : isSame ? 'same' : 'replaced';
  }

  /** The first counter of this run; on the disk it is used up already. `clockMs`: milliseconds since the epoch. */
  async reserveCounters(clockMs: number): Promise<number> {
    const { first, next } = reserveCounters(this.content.nextCounter, clockMs);
    await this.save({ ...this.content, nextCounter: next });
    return first;
  }

  private async save(content: FileContent): Promise<void> {
    await writeAtomic(this.path, `${JSON.stringify(content, null, 2)}\n`);
    this.content = content;
  }
}

function newKey(): string {
  return base64(randomBytes(32));
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
