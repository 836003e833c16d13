/**
 * What the owner of a server decides about its clients: name, welcome, address. The engine tells main everything else
 * about them and hears of these three; it never changes them.
 */
import { isIPv4 } from 'node:net';
import { parseClientName } from '../config/units.ts';
import type { Handler } from '../control/protocol.ts';
import type { ClientRecord, InviteRecord } from '../engine/messages.ts';
import { UserError } from '../errors.ts';
import { parseCidr4, parseIpv4 } from '../proto/wire/ip-text.ts';
import type { ServerState } from '../state/server-state.ts';
import type { Log } from './log.ts';

/** Zero would be never. */
const LONG_AGO_MS = 1;

/** A client without its secrets. */
export interface ClientListing {
  readonly name: string;
  readonly publicKey: string;
  /** Null before the first one. */
  readonly address: string | null;
  /** The owner chose it. */
  readonly isFixed: boolean;
  readonly revoked: boolean;
  /** Milliseconds since the epoch; of a connected client not up to date. */
  readonly lastSeenMs: number;
  /** It has a session; absent without a running server. */
  readonly isConnected?: boolean;
}

/** An invite that somebody may still use. */
export interface InviteListing {
  readonly name: string;
  /** Milliseconds since the epoch; 0 = never. */
  readonly expiresMs: number;
}

export type ClientAction =
  | { action: 'list' }
  | { action: 'revoke' | 'restore'; name: string }
  | { action: 'rename'; name: string; value: string }
  /** An address, or `auto` to leave it to the client and the pool again. */
  | { action: 'set-address'; name: string; value: string };

export class ClientAdmin {
  #changed: ClientRecord | InviteRecord | undefined;

  constructor(
    private readonly state: ServerState,
    /** Takes a changed record to the engine. */
    private readonly tell: (record: ClientRecord) => void,
    /** The same for an invite. */
    private readonly tellInvite: (record: InviteRecord) => void,
    /** CIDR text; undefined where it is not known: without a running server. */
    private readonly pool: string | undefined,
    /** Public keys of those with a session; undefined without a running server. */
    private readonly connected?: ReadonlySet<string>,
  ) {}

  /** Carries it out at once (on the disk: `isKept`) and returns the clients afterwards, by name. Throws `UserError`. */
  perform(wish: ClientAction): ClientListing[] {
    switch (wish.action) {
      case 'list':
        break;
      case 'revoke':
        if (this.withdrawInvite(wish.name)) break;
        this.put({ ...this.find(wish.name), revoked: true });
        break;
      case 'restore':
        this.put({ ...this.find(wish.name), revoked: false });
        break;
      case 'rename':
        this.put({ ...this.find(wish.name), name: this.freeName(wish.value) });
        break;
      case 'set-address':
        this.setAddress(this.find(wish.name), wish.value);
        break;
    }
    const { clients } = this.state;
    return clients.map((client) => this.listing(client)).sort((a, b) => a.name.localeCompare(b.name));
  }

  /** By name. */
  openInvites(nowMs: number): InviteListing[] {
    return this.state.invites
      .filter(({ usedBy, expiresMs }) => usedBy === undefined && (expiresMs === 0 || expiresMs > nowMs))
      .map(({ name, expiresMs }) => ({ name, expiresMs }))
      .sort((a, b) => a.name.localeCompare(b.name));
  }

  /** Resolves when it was tried to have the last change on the disk: true when it is. */
  async isKept(): Promise<boolean> {
    return this.#changed === undefined || this.state.keep(this.#changed);
  }

  private listing({ name, publicKey, address, isFixed, revoked, lastSeenMs }: ClientRecord): ClientListing {
    return {
      name,
      publicKey,
      address: address ?? null,
      isFixed: isFixed ?? false,
      revoked: revoked ?? false,
      lastSeenMs,
      isConnected: this.connected?.has(publicKey),
    };
  }

  /** An invite that nobody has used: it expires now, which frees its name. False where there is none. */
  private withdrawInvite(name: string): boolean {
    const invite = this.state.invites.find((other) => other.name === name && other.usedBy === undefined);
    if (invite === undefined || this.state.clients.some((client) => client.name === name)) return false;
    const withdrawn = { ...invite, expiresMs: LONG_AGO_MS };
    this.state.putInvite(withdrawn);
    this.#changed = withdrawn;
    this.tellInvite(withdrawn);
    return true;
  }

  private setAddress(client: ClientRecord, value: string): void {
    if (value === 'auto') this.put({ ...client, isFixed: false });
    else this.put({ ...client, address: this.freeAddress(value, client), isFixed: true });
  }

  private put(record: ClientRecord): void {
    this.state.putClient(record);
    this.#changed = record;
    this.tell(record);
  }

  private find(name: string): ClientRecord {
    const found = this.state.clients.find((client) => client.name === name);
    if (found !== undefined) return found;
    const names = this.state.clients.map((client) => client.name).sort();
    throw new UserError(`there is no client named ${name}`, {
      cause:
        names.length === 0 ? 'no invite was used yet' : `the server knows ${names.slice(0, 20).join(', ')}`,
      fix: 'see: resip-vpn clients',
    });
  }

  private freeName(text: string): string {
    const name = parseClientName(text);
    if (name === undefined) {
      throw new UserError(`${text} is no name for a client`, {
        fix: 'up to 63 letters, digits, dots, - and _',
        exitCode: 2,
      });
    }
    const isTaken =
      this.state.clients.some((client) => client.name === name) ||
      this.state.invites.some((invite) => invite.name === name && invite.usedBy === undefined);
    if (isTaken) throw new UserError(`the name ${name} is taken`, { fix: 'choose another one' });
    return name;
  }

  private freeAddress(address: string, client: ClientRecord): string {
    const pool = parseCidr4(this.pool ?? '');
    if (pool === null) {
      throw new UserError('addresses are fixed while the server runs', { fix: 'start it first' });
    }
    const offset = isIPv4(address) ? parseIpv4(address) - pool.network : -1;
    if (offset < 2 || offset > 2 ** (32 - pool.prefixLength) - 2) {
      throw new UserError(`${address} is no address for a client`, {
        cause: `clients have addresses of ${this.pool}; the first one is the server's`,
        fix: 'choose one of those, or auto',
      });
    }
    const owner = this.state.clients.find((other) => other.address === address);
    if (owner === undefined || owner.publicKey === client.publicKey) return address;
    throw new UserError(`${address} is the address of ${owner.name}`, {
      fix: `choose another one, or give ${owner.name} another one first`,
    });
  }
}

/** Answers `clients` with the list; `action`, `name` and `value` as in `ClientAction`. */
export function clientAdminHandlers(admin: ClientAdmin, log: Log): Readonly<Record<string, Handler>> {
  return {
    invites: async () => admin.openInvites(Date.now()),
    clients: async ({ action, name, value }) => {
      const wish = { action, name: String(name), value: String(value) } as ClientAction;
      const clients = admin.perform(wish);
      if (wish.action === 'list') return clients;
      log.info(wish, 'client-changed');
      if (await admin.isKept()) return clients;
      throw new UserError(`${wish.action} ${wish.name} is in force, but not on the disk`, {
        cause: 'the state directory cannot be written; the log of the server has the reason',
        fix: 'make room on its file system (df) before the server is restarted: until then it is tried again every few seconds',
      });
    },
  };
}

/** The engine's news about a client may have been under way while its owner decided. */
export function withOwnersWill(record: ClientRecord, state: ServerState): ClientRecord {
  const known = state.client(record.publicKey);
  if (known === undefined) return record;
  const { name, revoked, isFixed } = known;
  const address = isFixed ? known.address : record.address;
  return { ...record, name, revoked, isFixed, address };
}
