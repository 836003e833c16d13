/** The server's list of who may connect: clients by public key, invites by id. The allow-list of ResIP, by key. */
import type { Association } from './association.ts';

/** All strings are base64. */
export interface Client {
  readonly publicKey: string;
  readonly publicKeyBytes: Uint8Array;
  readonly name: string;
  readonly psk: Uint8Array;
  /** Highest counter of a confirmed handshake. */
  counter: number;
  revoked: boolean;
  association: Association | null;
}

export interface Invite {
  readonly id: string;
  readonly name: string;
  readonly psk: Uint8Array;
  /** On the core's clock; Infinity = never. */
  readonly expiresAtMs: number;
  /** Public key that spent it; null = open. */
  usedBy: string | null;
}

export class ClientDirectory {
  private readonly clients = new Map<string, Client>();
  private readonly invites = new Map<string, Invite>();

  client(publicKey: string): Client | undefined {
    return this.clients.get(publicKey);
  }

  invite(id: string): Invite | undefined {
    return this.invites.get(id);
  }

  putClient(client: Client): void {
    this.clients.set(client.publicKey, client);
  }

  removeClient(publicKey: string): void {
    this.clients.delete(publicKey);
  }

  putInvite(invite: Invite): void {
    this.invites.set(invite.id, invite);
  }

  all(): Iterable<Client> {
    return this.clients.values();
  }
}
