/**
 * Who an initiation comes from, and whether the server lets it in: clients on its list by their keys, newcomers by an open invite. A
 * newcomer is on the list from its first authentic datagram on; until then the invite is not spent.
 */
import type { Client, ClientDirectory, Invite } from './association/client-directory.ts';
import { base64 } from './base64.ts';
import type { CoreEvent } from './events.ts';
import type { Pending } from './pending-handshakes.ts';
import { HANDSHAKE_VERSION, RefusalCode } from './session/handshake-payload.ts';
import type { Initiation } from './session/responder.ts';

/** Clients with a fresh invite and an unconfirmed handshake, at once. */
export const MAX_NEWCOMERS = 64;

/** Who an initiation turned out to come from. */
export type Caller =
  | { kind: 'client'; client: Client; inviteId: string | null }
  | { kind: 'refused'; psk: Uint8Array; code: RefusalCode; text: string }
  | { kind: 'stranger' };

export class Admission {
  /** Clients that an open invite lets in, until their first datagram makes them known. */
  private readonly newcomers = new Map<string, Client>();

  constructor(
    private readonly directory: ClientDirectory,
    private readonly events: CoreEvent[],
  ) {}

  get isFull(): boolean {
    return this.newcomers.size >= MAX_NEWCOMERS;
  }

  /** The list decides, not the message: a key that is not on it needs an invite that is open, or was opened by this very key. */
  identify(publicKey: string, initiation: Initiation, now: number): Caller {
    const { directory } = this;
    const { payload } = initiation;
    const client = directory.client(publicKey);
    if (client !== undefined) {
      if (client.revoked)
        return {
          kind: 'refused',
          psk: client.psk,
          code: RefusalCode.REVOKED,
          text: 'this client was revoked',
        };
      if (payload.version !== HANDSHAKE_VERSION) return versionRefusal(client.psk);
      return { kind: 'client', client, inviteId: null };
    }
    const invite = payload.inviteId === null ? undefined : directory.invite(base64(payload.inviteId));
    if (invite === undefined) return { kind: 'stranger' };
    if (payload.version !== HANDSHAKE_VERSION) return versionRefusal(invite.psk);
    return this.judgeInvite(publicKey, initiation.clientPublicKey, invite, now);
  }

  private judgeInvite(publicKey: string, publicKeyBytes: Uint8Array, invite: Invite, now: number): Caller {
    const { psk } = invite;
    if (invite.usedBy !== null)
      return { kind: 'refused', psk, code: RefusalCode.INVITE_USED, text: 'this invite was used already' };
    if (now >= invite.expiresAtMs)
      return { kind: 'refused', psk, code: RefusalCode.INVITE_EXPIRED, text: 'this invite has expired' };
    const known = this.newcomers.get(publicKey);
    const client = known ?? {
      publicKey,
      publicKeyBytes,
      name: invite.name,
      psk,
      counter: -1,
      revoked: false,
      association: null,
    };
    return { kind: 'client', client, inviteId: invite.id };
  }

  /** An answer is under way to a client that came with an invite. */
  expect(newcomer: Client): void {
    this.newcomers.set(newcomer.publicKey, newcomer);
  }

  forget(publicKey: string): void {
    this.newcomers.delete(publicKey);
  }

  /** The client of a handshake that was confirmed; a newcomer's invite is spent. Undefined = it is not welcome any more. */
  confirm({ publicKey, inviteId }: Pending, now: number): Client | undefined {
    const client = this.directory.client(publicKey) ?? this.admit(publicKey, inviteId, now);
    return client?.revoked ? undefined : client;
  }

  private admit(publicKey: string, inviteId: string | null, now: number): Client | undefined {
    const client = this.newcomers.get(publicKey);
    const invite = inviteId === null ? undefined : this.directory.invite(inviteId);
    this.newcomers.delete(publicKey);
    // Several may have come with one invite; the first to be confirmed has it.
    if (client === undefined || invite === undefined) return undefined;
    if (invite.usedBy !== null || now >= invite.expiresAtMs) return undefined;
    invite.usedBy = publicKey;
    this.directory.putClient(client);
    this.events.push({ kind: 'invite-used', inviteId: invite.id, publicKey });
    return client;
  }
}

function versionRefusal(psk: Uint8Array): Caller {
  const text = `the server speaks version ${HANDSHAKE_VERSION} of the protocol`;
  return { kind: 'refused', psk, code: RefusalCode.VERSION, text };
}
