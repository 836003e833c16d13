import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Lease, LeasePool, type LeaseResult } from '../../../src/proto/association/lease-pool.ts';
import { AddressRefusalCode } from '../../../src/proto/wire/address-message.ts';
import { formatIpv4, parseIpv4 } from '../../../src/proto/wire/ip-text.ts';

const { TAKEN, OUTSIDE, FULL } = AddressRefusalCode;
const LEASE_MS = 1_000;

function pool(cidr = '10.77.0.0/29', maxLeases = 100): LeasePool {
  return new LeasePool(cidr, { leaseMs: LEASE_MS, maxLeases });
}

/** The address as text, or the refusal. */
function assign(leases: LeasePool, client: string, wanted = '0.0.0.0', now = 0): string | number {
  const result = leases.assign(client, parseIpv4(wanted), now);
  return result.ok ? formatIpv4(result.address) : result.refused;
}

/** The slow twin: a list, searched from end to end. */
class LinearPool {
  leases: Lease[] = [];
  /** In the order in which they were freed. */
  private freed: number[] = [];
  private reached: number;

  constructor(
    private readonly first: number,
    private readonly last: number,
    private readonly maxLeases: number,
  ) {
    this.reached = first;
  }

  assign(client: string, wanted: number, now: number): LeaseResult {
    const own = this.leases.find((lease) => lease.client === client);
    const isStatic = wanted !== 0;
    if (own && (!isStatic || own.address === wanted)) return this.give({ ...own, isStatic, lastUsedMs: now });
    if (isStatic && (wanted < this.first || wanted > this.last)) return { ok: false, refused: OUTSIDE };
    if (isStatic && this.leases.some((lease) => lease.address === wanted))
      return { ok: false, refused: TAKEN };
    if (!own && this.leases.length >= this.maxLeases) return { ok: false, refused: FULL };
    const address = isStatic ? wanted : this.pick();
    if (address === undefined) return { ok: false, refused: FULL };
    this.free(client);
    return this.give({ client, address, isStatic, lastUsedMs: now });
  }

  touch(client: string, now: number): boolean {
    const own = this.leases.find((lease) => lease.client === client);
    if (own) this.give({ ...own, lastUsedMs: now });
    return own !== undefined;
  }

  free(client: string): void {
    const own = this.leases.find((lease) => lease.client === client);
    if (own) this.freed.push(own.address);
    this.leases = this.leases.filter((lease) => lease !== own);
  }

  expire(now: number): Lease[] {
    const stale = this.leases.filter((lease) => now - lease.lastUsedMs >= LEASE_MS);
    for (const lease of stale) this.free(lease.client);
    return stale;
  }

  private give(lease: Lease): LeaseResult {
    this.leases = [...this.leases.filter((other) => other.client !== lease.client), lease];
    this.freed = this.freed.filter((address) => address !== lease.address);
    return { ok: true, address: lease.address };
  }

  /** Never leased before, lowest first; else freed longest ago. */
  private pick(): number | undefined {
    for (; this.reached <= this.last; this.reached++) {
      const address = this.reached;
      const isUsed = this.leases.some((lease) => lease.address === address) || this.freed.includes(address);
      if (!isUsed) return address;
    }
    return this.freed[0];
  }
}

describe('lease pool', () => {
  it('keeps network, broadcast and the first host for itself', () => {
    const leases = pool('10.77.0.9/29');
    expect([formatIpv4(leases.serverAddress), leases.prefixLength, leases.size]).toEqual([
      '10.77.0.9',
      29,
      5,
    ]);
    for (const wanted of ['10.77.0.8', '10.77.0.9', '10.77.0.15', '10.77.0.7', '10.77.0.16', '1.2.3.4']) {
      expect(assign(leases, 'a', wanted), wanted).toBe(OUTSIDE);
    }
    const given = ['a', 'b', 'c', 'd', 'e', 'f'].map((client) => assign(leases, client));
    expect(given).toEqual(['10.77.0.10', '10.77.0.11', '10.77.0.12', '10.77.0.13', '10.77.0.14', FULL]);
  });

  it('gives a client the same address again', () => {
    const leases = pool();
    expect(assign(leases, 'a')).toBe('10.77.0.2');
    expect(assign(leases, 'b')).toBe('10.77.0.3');
    expect(assign(leases, 'a')).toBe('10.77.0.2');
  });

  it('honours a static request, refuses a taken one, and leaves the refused client what it has', () => {
    const leases = pool();
    expect(assign(leases, 'a', '10.77.0.5')).toBe('10.77.0.5');
    expect(assign(leases, 'b')).toBe('10.77.0.2');
    expect(assign(leases, 'b', '10.77.0.5')).toBe(TAKEN);
    expect(assign(leases, 'b')).toBe('10.77.0.2');
    expect(leases.ownerOf(parseIpv4('10.77.0.5'))).toBe('a');
    expect(leases.leaseOf('a')?.isStatic).toBe(true);
    expect(assign(leases, 'a', '10.77.0.5')).toBe('10.77.0.5');
  });

  it('gives a client without a lease the address that it had before, if it is free', () => {
    const leases = pool();
    const rather = (client: string, former: string) => {
      const result = leases.assign(client, 0, 0, parseIpv4(former));
      return result.ok && [formatIpv4(result.address), leases.leaseOf(client)?.isStatic];
    };
    expect(rather('a', '10.77.0.4')).toEqual(['10.77.0.4', false]);
    expect(rather('b', '10.77.0.4')).toEqual(['10.77.0.2', false]);
    expect(rather('c', '10.99.0.4')).toEqual(['10.77.0.3', false]);
    // Who has one keeps it.
    expect(rather('b', '10.77.0.5')).toEqual(['10.77.0.2', false]);
  });

  it('moves a client that asks for another address, and frees the old one', () => {
    const leases = pool();
    assign(leases, 'a');
    expect(assign(leases, 'a', '10.77.0.6')).toBe('10.77.0.6');
    expect(leases.ownerOf(parseIpv4('10.77.0.2'))).toBeUndefined();
    expect(assign(leases, 'b', '10.77.0.2')).toBe('10.77.0.2');
    expect(leases.leasedCount).toBe(2);
  });

  it('gives freed addresses away as late as possible, longest free first', () => {
    const leases = pool();
    for (const client of ['a', 'b', 'c']) assign(leases, client);
    leases.free('b');
    leases.free('a');
    const given = ['d', 'e', 'f', 'g', 'h'].map((client) => assign(leases, client));
    expect(given).toEqual(['10.77.0.5', '10.77.0.6', '10.77.0.3', '10.77.0.2', FULL]);
  });

  it('frees what was not used for the lease time, and says so', () => {
    const leases = pool();
    assign(leases, 'a', undefined, 0);
    assign(leases, 'b', '10.77.0.4', 0);
    expect(leases.touch('a', 600)).toBe(true);
    expect(leases.touch('stranger', 600)).toBe(false);
    expect(leases.expire(999)).toEqual([]);
    expect(leases.expire(1_000)).toMatchObject([{ client: 'b', address: parseIpv4('10.77.0.4') }]);
    expect(assign(leases, 'c', '10.77.0.4', 1_000)).toBe('10.77.0.4');
    expect(leases.expire(1_600)).toMatchObject([{ client: 'a' }]);
  });

  it('keeps an address that was fixed: against the wish of its client, for want of use, and until it is given back', () => {
    const leases = pool();
    assign(leases, 'b');
    expect(leases.fix('a', parseIpv4('10.77.0.5'), 0)).toMatchObject({ ok: true });
    expect(leases.fix('a', parseIpv4('10.77.0.2'), 0)).toEqual({ ok: false, refused: TAKEN });
    expect(assign(leases, 'a', '10.77.0.4')).toBe('10.77.0.5');
    expect(leases.expire(LEASE_MS + 1).map(({ client }) => client)).toEqual(['b']);
    leases.unfix('a', LEASE_MS + 1);
    expect(leases.expire(2 * LEASE_MS + 1).map(({ client }) => client)).toEqual(['a']);
  });

  it('is full at its limit of clients, too', () => {
    const leases = pool('10.77.0.0/16', 2);
    assign(leases, 'a');
    assign(leases, 'b');
    expect(assign(leases, 'c')).toBe(FULL);
    expect(assign(leases, 'c', '10.77.0.9')).toBe(FULL);
    expect(assign(leases, 'b', '10.77.0.9')).toBe('10.77.0.9');
  });

  it('takes over leases from before a restart, in any order, and rejects what has no place', () => {
    const lease = (client: string, address: string, lastUsedMs: number): Lease => {
      return { client, address: parseIpv4(address), isStatic: false, lastUsedMs };
    };
    const leases = pool('10.77.0.0/29', 3);
    const outside = lease('x', '10.78.0.2', 5);
    const twice = lease('y', '10.77.0.3', 50);
    const again = lease('a', '10.77.0.6', 60);
    const tooMany = lease('z', '10.77.0.5', 99);
    const kept = [lease('a', '10.77.0.3', 40), lease('b', '10.77.0.2', -500), lease('c', '10.77.0.4', 30)];
    expect(leases.restore([tooMany, ...kept, twice, outside, again])).toEqual([
      outside,
      twice,
      again,
      tooMany,
    ]);
    expect(leases.expire(499)).toEqual([]);
    expect(leases.expire(500)).toMatchObject([{ client: 'b' }]);
    expect(assign(leases, 'a', undefined, 500)).toBe('10.77.0.3');
    expect(assign(leases, 'd', undefined, 500)).toBe('10.77.0.5');
    expect(leases.expire(1_030)).toMatchObject([{ client: 'c' }]);
  });

  it('refuses a network without room, with a remedy', () => {
    for (const cidr of ['10.77.0.0/31', '10.77.0.0/32', 'fd00::/64', 'nonsense', '10.77.0.0']) {
      expect(() => pool(cidr), cidr).toThrow(/IPv4 network of at least two hosts, such as/);
    }
    expect(pool('10.77.0.0/30').size).toBe(1);
  });

  it('does what a linear search does', () => {
    const client = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
    const step = fc.oneof(
      fc.record({ kind: fc.constant('dynamic' as const), client }),
      fc.record({ kind: fc.constant('static' as const), client, host: fc.nat(8) }),
      fc.record({ kind: fc.constant('free' as const), client }),
      fc.record({ kind: fc.constant('touch' as const), client }),
      fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(600) }),
      fc.record({ kind: fc.constant('expire' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.integer({ min: 3, max: 9 }), (steps, maxLeases) => {
        const network = parseIpv4('10.77.0.0');
        const leases = pool('10.77.0.0/29', maxLeases);
        const twin = new LinearPool(network + 2, network + 6, maxLeases);
        let now = 0;
        for (const action of steps) {
          switch (action.kind) {
            case 'dynamic':
              expect(leases.assign(action.client, 0, now)).toEqual(twin.assign(action.client, 0, now));
              break;
            case 'static': {
              const wanted = network + action.host;
              expect(leases.assign(action.client, wanted, now)).toEqual(
                twin.assign(action.client, wanted, now),
              );
              break;
            }
            case 'free':
              leases.free(action.client);
              twin.free(action.client);
              break;
            case 'touch':
              expect(leases.touch(action.client, now)).toBe(twin.touch(action.client, now));
              break;
            case 'wait':
              now += action.ms;
              break;
            case 'expire':
              expect(leases.expire(now)).toEqual(twin.expire(now));
          }
          expect(leases.leasedCount).toBe(twin.leases.length);
          for (const lease of twin.leases) {
            expect(leases.leaseOf(lease.client)).toEqual(lease);
            expect(leases.ownerOf(lease.address)).toBe(lease.client);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('serves a whole /16', () => {
    const leases = pool('10.77.0.0/16', 65_536);
    const given = new Set<string | number>();
    for (let i = 0; i < leases.size; i++) given.add(assign(leases, `client ${i}`));
    expect(given.size).toBe(65_533);
    expect(assign(leases, 'one too many')).toBe(FULL);
    expect(leases.expire(LEASE_MS)).toHaveLength(65_533);
    expect(assign(leases, 'later', undefined, LEASE_MS)).toBe('10.77.0.2');
  });
});
