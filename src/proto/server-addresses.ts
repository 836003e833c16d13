/** What the server tells a client about its address: the answer to a request, or why there is none. */
import type { LeasePool } from './association/lease-pool.ts';
import { type AddressAnswer, AddressRefusalCode } from './wire/address-message.ts';
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from './wire/ip-text.ts';

export interface ServerAddressOptions {
  /** CIDR text. */
  readonly pool: string;
  /** Network of the inner IPv6 addresses (16 bytes, the last 4 replaced by the IPv4 address); null = none. */
  readonly pool6: { readonly prefix: Uint8Array; readonly prefixLength: number } | null;
  /** Text, IPv4 and IPv6. */
  readonly dns: readonly string[];
  readonly mtuBytes: number;
  readonly leaseMs: number;
}

export class ServerAddresses {
  constructor(
    private readonly options: ServerAddressOptions,
    private readonly leases: LeasePool,
  ) {}

  /** `address`: uint32. */
  assignmentOf(address: number): Omit<AddressAnswer, 'kind'> {
    const { pool6, mtuBytes, leaseMs, dns } = this.options;
    return {
      address,
      serverAddress: this.leases.serverAddress,
      prefixLength: this.leases.prefixLength,
      mtuBytes,
      leaseSeconds: Math.floor(leaseMs / 1000),
      address6: this.bytes6(address),
      prefixLength6: pool6?.prefixLength ?? 0,
      dns: dns.map(parseIpv4).filter((server) => server >= 0),
      dns6: dns.map(parseIpv6).filter((server) => server !== null),
    };
  }

  refusalText(code: AddressRefusalCode, wanted: number): string {
    const { pool } = this.options;
    switch (code) {
      case AddressRefusalCode.TAKEN:
        return `${formatIpv4(wanted)} is leased to another client`;
      case AddressRefusalCode.OUTSIDE:
        return `${formatIpv4(wanted)} is not a client address of the pool ${pool}`;
      default:
        return `the pool ${pool} has no free address`;
    }
  }

  /** The IPv6 address that goes with an IPv4 one, four big-endian words; null = no IPv6 inside. */
  words6(address: number): Int32Array | null {
    const bytes = this.bytes6(address);
    if (bytes === null) return null;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    return Int32Array.from({ length: 4 }, (_, i) => view.getInt32(4 * i));
  }

  format6(address: number): string | null {
    const bytes = this.bytes6(address);
    return bytes === null ? null : formatIpv6(bytes);
  }

  private bytes6(address: number): Uint8Array | null {
    if (this.options.pool6 === null) return null;
    const bytes = this.options.pool6.prefix.slice();
    for (let i = 0; i < 4; i++) bytes[12 + i] = address >>> (24 - 8 * i);
    return bytes;
  }
}
