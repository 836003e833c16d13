/**
 * The server's IPv4 addresses: who leases which. A lease belongs to a client key, survives its sessions and is freed
 * `leaseMs` after it was last used. The work of every operation does not depend on the number of clients.
 *
 * Dynamic addresses come lowest first from what was never leased, then from what was freed, longest ago first: an address
 * finds a new owner as late as possible.
 */
import { AddressRefusalCode } from '../wire/address-message.ts';
import { parseCidr4 } from '../wire/ip-text.ts';

export interface LeasePoolOptions {
  /** Unused for so long, a lease is freed. */
  readonly leaseMs: number;
  /** Leases at the same time, whatever room the network has. */
  readonly maxLeases: number;
}

export interface Lease {
  /** The client's public key, in any text form. */
  readonly client: string;
  /** uint32. */
  readonly address: number;
  /** The client asked for this very address. */
  readonly isStatic: boolean;
  /** The owner of the server chose it: the client cannot change it, and it is never freed for want of use. */
  readonly isFixed?: boolean;
  /** On the clock of `now`; may be negative for leases from before the start. */
  readonly lastUsedMs: number;
}

export type LeaseResult =
  | { readonly ok: true; readonly address: number }
  | { readonly ok: false; readonly refused: AddressRefusalCode };

export class LeasePool {
  /** The server's own address, uint32: the first host address of the network. */
  readonly serverAddress: number;
  readonly prefixLength: number;
  private readonly first: number;
  private readonly last: number;
  /** In the order of `lastUsedMs`: the front of the map expires first. */
  private readonly leases = new Map<string, Lease>();
  private readonly owners = new Map<number, string>();
  /** Freed addresses, longest ago first. */
  private readonly freed = new Set<number>();
  /** No dynamic lease ever reached this address or a higher one. */
  private fresh: number;

  /** `cidr`: IPv4 network with room for two hosts at least; throws `RangeError` otherwise. */
  constructor(
    cidr: string,
    private readonly options: LeasePoolOptions,
  ) {
    const network = parseCidr4(cidr);
    if (network === null || network.prefixLength > 30) {
      throw new RangeError(
        `the pool ${cidr} is not an IPv4 network of at least two hosts, such as 10.77.0.0/16`,
      );
    }
    this.prefixLength = network.prefixLength;
    this.serverAddress = network.network + 1;
    this.first = network.network + 2;
    this.last = network.network + 2 ** (32 - network.prefixLength) - 2;
    this.fresh = this.first;
  }

  /** Addresses for clients. */
  get size(): number {
    return this.last - this.first + 1;
  }

  get leasedCount(): number {
    return this.leases.size;
  }

  /**
   * The address of `client` from now on: `wanted` (uint32), or with 0 the one it has, or `former` if it is free, or any.
   * A refusal leaves what it has as it is. Leases whose time is over count until `expire` ends them.
   */
  assign(client: string, wanted: number, now: number, former = 0): LeaseResult {
    const current = this.leases.get(client);
    if (current !== undefined && (wanted === 0 || wanted === current.address || current.isFixed)) {
      this.enter({ ...current, isStatic: wanted !== 0, lastUsedMs: now });
      return { ok: true, address: current.address };
    }
    const isFree = this.contains(former) && !this.owners.has(former);
    const address = wanted === 0 && isFree ? former : wanted;
    return this.move(client, address, { isStatic: wanted !== 0 }, now);
  }

  /** Makes `address` (uint32) the one of `client` until `unfix`, whatever the client asks for. */
  fix(client: string, address: number, now: number): LeaseResult {
    const current = this.leases.get(client);
    if (current?.address !== address)
      return this.move(client, address, { isStatic: true, isFixed: true }, now);
    this.enter({ ...current, isFixed: true, lastUsedMs: now });
    return { ok: true, address };
  }

  /** Leaves the address to the client and its use again. */
  unfix(client: string, now: number): void {
    const current = this.leases.get(client);
    if (current?.isFixed) this.enter({ ...current, isFixed: false, lastUsedMs: now });
  }

  /**
   * Takes over leases from before a restart, in any order; returns those that find no place (outside the pool, address or
   * client twice, too many). The pool is empty before.
   */
  restore(leases: readonly Lease[]): Lease[] {
    const rejected: Lease[] = [];
    for (const lease of [...leases].sort((a, b) => a.lastUsedMs - b.lastUsedMs)) {
      const taken = this.owners.has(lease.address) || this.leases.has(lease.client);
      const room = this.leases.size < this.options.maxLeases;
      if (taken || !room || !this.contains(lease.address)) rejected.push(lease);
      else this.enter(lease);
    }
    return rejected;
  }

  /** The client was heard of (once in a while is enough, not per packet). False when it has no lease. */
  touch(client: string, now: number): boolean {
    const lease = this.leases.get(client);
    if (lease === undefined) return false;
    this.enter({ ...lease, lastUsedMs: now });
    return true;
  }

  /** Ends the lease of `client`, if it has one. */
  free(client: string): void {
    const lease = this.leases.get(client);
    if (lease === undefined) return;
    this.leases.delete(client);
    this.owners.delete(lease.address);
    this.freed.add(lease.address);
  }

  /** Frees what was not used for `leaseMs`; returns those leases. */
  expire(now: number): Lease[] {
    const expired: Lease[] = [];
    for (const lease of this.leases.values()) {
      if (now - lease.lastUsedMs < this.options.leaseMs) break;
      if (lease.isFixed) continue;
      this.free(lease.client);
      expired.push(lease);
    }
    return expired;
  }

  leaseOf(client: string): Lease | undefined {
    return this.leases.get(client);
  }

  /** The client that leases `address`. */
  ownerOf(address: number): string | undefined {
    return this.owners.get(address);
  }

  /** True for the addresses that clients can have. */
  contains(address: number): boolean {
    return address >= this.first && address <= this.last;
  }

  /** From the address it has, if it has one, to `wanted`, or with 0 to any. */
  private move(
    client: string,
    wanted: number,
    kind: Pick<Lease, 'isStatic' | 'isFixed'>,
    now: number,
  ): LeaseResult {
    if (wanted !== 0 && !this.contains(wanted)) return refuse(AddressRefusalCode.OUTSIDE);
    if (wanted !== 0 && this.owners.has(wanted)) return refuse(AddressRefusalCode.TAKEN);
    if (!this.leases.has(client) && this.leases.size >= this.options.maxLeases) {
      return refuse(AddressRefusalCode.FULL);
    }
    const address = wanted === 0 ? this.pick() : wanted;
    if (address === 0) return refuse(AddressRefusalCode.FULL);
    this.free(client);
    this.enter({ client, address, ...kind, lastUsedMs: now });
    return { ok: true, address };
  }

  /** At the back of the queue: `now` never runs backwards, and `restore` comes sorted. */
  private enter(lease: Lease): void {
    this.leases.delete(lease.client);
    this.leases.set(lease.client, lease);
    this.owners.set(lease.address, lease.client);
    this.freed.delete(lease.address);
  }

  /** A free address, 0 when there is none. */
  private pick(): number {
    while (this.fresh <= this.last) {
      const address = this.fresh++;
      if (!this.owners.has(address) && !this.freed.has(address)) return address;
    }
    for (const address of this.freed) return address;
    return 0;
  }
}

function refuse(refused: AddressRefusalCode): LeaseResult {
  return { ok: false, refused };
}
