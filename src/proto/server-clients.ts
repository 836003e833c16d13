/**
 * The server's clients: who may connect, which address each has, and the associations of those who do. Strings that name a client
 * are its public key, base64.
 */
import { Association } from './association/association.ts';
import { type Client, ClientDirectory } from './association/client-directory.ts';
import { LeasePool, type LeaseResult } from './association/lease-pool.ts';
import { base64 } from './base64.ts';
import type { ClientState, InviteState } from './client-state.ts';
import type { CoreContext } from './core-context.ts';
import { ServerAddresses, type ServerAddressOptions } from './server-addresses.ts';
import type { AddressRequest } from './wire/address-message.ts';

export interface ServerClientsOptions extends ServerAddressOptions {
  /** Leases at the same time. */
  readonly maxClients: number;
  /** Associations at the same time: rows of the path table. */
  readonly slots: number;
}

export class ServerClients {
  readonly directory = new ClientDirectory();
  readonly leases: LeasePool;
  readonly addresses: ServerAddresses;
  /** By IPv4 address, int32. */
  readonly byAddress = new Map<number, Association>();
  private readonly freeSlots: number[] = [];
  private readonly bySlot: (Association | null)[];

  constructor(
    private readonly context: CoreContext,
    options: ServerClientsOptions,
  ) {
    const { pool, leaseMs, maxClients, slots } = options;
    this.leases = new LeasePool(pool, { leaseMs, maxLeases: maxClients });
    this.addresses = new ServerAddresses(options, this.leases);
    this.bySlot = new Array(slots).fill(null);
    for (let slot = slots - 1; slot >= 0; slot--) this.freeSlots.push(slot);
  }

  // Clients and invites

  /** Those from before the start. */
  restore(clients: readonly ClientState[], now: number): void {
    const leases = [];
    for (const state of clients) {
      const client = base64(state.publicKey);
      this.directory.putClient(toClient(state));
      const { address, isStatic, isFixed } = state;
      const lastUsedMs = now - state.silentMs;
      if (address !== 0) leases.push({ client, address, isStatic, isFixed, lastUsedMs });
    }
    this.leases.restore(leases);
  }

  /** Adds a client or takes over what its owner changed about it. True when its address is another one than it uses. */
  put(state: ClientState, now: number): boolean {
    const publicKey = base64(state.publicKey);
    const known = this.directory.client(publicKey);
    const client = toClient(state);
    client.counter = Math.max(state.counter, known?.counter ?? -1);
    client.association = known?.association ?? null;
    this.directory.putClient(client);
    if (client.association !== null) client.association.name = client.name;
    return this.place(client, state, known === undefined, now);
  }

  private place(client: Client, { address, isFixed }: ClientState, isNew: boolean, now: number): boolean {
    const { publicKey, association } = client;
    if (!isFixed) {
      this.leases.unfix(publicKey, now);
      if (isNew && address !== 0) this.leases.assign(publicKey, address, now);
      return false;
    }
    if (!this.leases.fix(publicKey, address, now).ok || association === null) return false;
    const isMoved = association.address4 !== (address | 0);
    if (isMoved) this.setAddress(association, address, true);
    return isMoved;
  }

  remove(publicKey: string): void {
    this.leases.free(publicKey);
    this.releaseLease(publicKey);
    this.directory.removeClient(publicKey);
  }

  /** `expiresInMs`: Infinity = never. */
  putInvite(invite: InviteState, now: number): void {
    this.directory.putInvite({
      id: base64(invite.id),
      name: invite.name,
      psk: invite.psk,
      expiresAtMs: now + invite.expiresInMs,
      usedBy: invite.usedBy,
    });
  }

  /** What has to outlive this process about a client; null = unknown. */
  state(publicKey: string, now: number): ClientState | null {
    const client = this.directory.client(publicKey);
    if (client === undefined) return null;
    const lease = this.leases.leaseOf(publicKey);
    return {
      publicKey: client.publicKeyBytes,
      name: client.name,
      psk: client.psk,
      counter: client.counter,
      revoked: client.revoked,
      address: lease?.address ?? 0,
      isStatic: lease?.isStatic ?? false,
      isFixed: lease?.isFixed ?? false,
      silentMs: lease === undefined ? 0 : Math.max(0, now - lease.lastUsedMs),
    };
  }

  // Addresses

  /** The address of `association` from now on: see `LeasePool.assign`. */
  assign(association: Association, { wanted, former }: AddressRequest, now: number): LeaseResult {
    const outcome = this.leases.assign(association.key, wanted, now, former);
    if (!outcome.ok) return outcome;
    const isStatic = wanted !== 0;
    const isNews = association.address4 !== (outcome.address | 0) || association.isStatic !== isStatic;
    this.setAddress(association, outcome.address, isStatic);
    if (isNews) this.context.events.push({ kind: 'client', publicKey: association.key });
    return outcome;
  }

  /** Frees the leases that nobody used for their time. */
  expireLeases(now: number): void {
    // A session is use, however seldom it is renewed.
    for (const client of this.directory.all())
      if (client.association?.current) this.leases.touch(client.publicKey, now);
    for (const lease of this.leases.expire(now)) this.releaseLease(lease.client);
  }

  private setAddress(association: Association, address: number, isStatic: boolean): void {
    if (association.address4 !== 0) this.byAddress.delete(association.address4);
    association.address4 = address | 0;
    association.address6 = this.addresses.words6(address);
    association.isStatic = isStatic;
    this.byAddress.set(address | 0, association);
  }

  private releaseLease(publicKey: string): void {
    const association = this.directory.client(publicKey)?.association ?? null;
    if (association !== null) {
      this.byAddress.delete(association.address4);
      association.address4 = 0;
      association.address6 = null;
      this.context.wake(association);
    }
    this.context.events.push({ kind: 'client', publicKey });
  }

  // Associations

  /** The client's association, a new one if it has none; null = there is no room. */
  associationOf(client: Client): Association | null {
    if (client.association !== null) return client.association;
    const slot = this.freeSlots.pop();
    if (slot === undefined) return null;
    const { publicKeyBytes, name, publicKey } = client;
    const association = new Association(this.context, slot, publicKeyBytes, name, publicKey);
    client.association = association;
    this.bySlot[slot] = association;
    const lease = this.leases.leaseOf(client.publicKey);
    if (lease !== undefined) this.setAddress(association, lease.address, lease.isStatic);
    return association;
  }

  get associationCount(): number {
    return this.bySlot.length - this.freeSlots.length;
  }

  /** False: it was removed. */
  has(association: Association): boolean {
    return this.bySlot[association.slot] === association;
  }

  /** Its client begins with another one. */
  removeAssociation(association: Association): void {
    association.dropSessions();
    association.streamsIfAny?.reset();
    const client = this.directory.client(association.key);
    if (client?.association === association) client.association = null;
    this.context.busy.delete(association);
    this.bySlot[association.slot] = null;
    this.freeSlots.push(association.slot);
  }
}

function toClient({ publicKey, name, psk, counter, revoked }: ClientState): Client {
  return {
    publicKey: base64(publicKey),
    publicKeyBytes: publicKey,
    name,
    psk,
    counter,
    revoked,
    association: null,
  };
}
