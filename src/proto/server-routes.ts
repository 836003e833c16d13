/** Routing on the server: between clients, to TUN, or nowhere; and only from what a client leases. */
import type { Association } from './association/association.ts';
import type { DropReason } from './counters.ts';
import type { Routes } from './routes.ts';
import { ipv4Destination, ipv4Source, ipv6SourceEquals, isLinkLocal6 } from './wire/ip.ts';

export interface ServerRouteOptions {
  /** uint32. */
  readonly serverAddress: number;
  /** Of the IPv4 pool. */
  readonly prefixLength: number;
  /** The first 12 of these 16 bytes are the IPv6 pool, the last 4 repeat the IPv4 address; null = no IPv6 inside. */
  readonly prefix6: Uint8Array | null;
  /** Who leases an IPv4 address (int32), kept up to date by the server. */
  readonly byAddress: ReadonlyMap<number, Association>;
}

export function serverRoutes({
  serverAddress,
  prefixLength,
  prefix6,
  byAddress,
}: ServerRouteOptions): Routes {
  const hostBits = 32 - prefixLength;
  const poolTop = serverAddress >>> hostBits;
  const server = serverAddress | 0;
  const inPool = (address: number) => address >>> hostBits === poolTop;
  const inPool6 = (bytes: Uint8Array, at: number) => {
    if (prefix6 === null) return false;
    for (let i = 0; i < 12; i++) if (bytes[at + 24 + i] !== prefix6[i]) return false;
    return true;
  };
  const last4 = (bytes: Uint8Array, at: number) => ipv4At(bytes, at + 36);
  return {
    outbound: (bytes, at): Association | DropReason => {
      const isV4 = bytes[at] >>> 4 === 4;
      if (!isV4 && !inPool6(bytes, at)) return isLinkLocal6(bytes, at) ? 'link-local' : 'no-destination';
      const destination = isV4 ? ipv4Destination(bytes, at) | 0 : last4(bytes, at);
      return byAddress.get(destination) ?? 'no-destination';
    },
    inbound: (from, bytes, at): Association | null | DropReason => {
      const isV4 = bytes[at] >>> 4 === 4;
      if (isV4) {
        if ((ipv4Source(bytes, at) | 0) !== from.address4 || from.address4 === 0) return spoofed(from);
      } else if (from.address6 === null || !ipv6SourceEquals(bytes, at, from.address6, 0)) {
        return isLinkLocal6(bytes, at) ? 'link-local' : spoofed(from);
      }
      const isInside = isV4 ? inPool(ipv4Destination(bytes, at)) : inPool6(bytes, at);
      if (!isInside) return null;
      const destination = isV4 ? ipv4Destination(bytes, at) | 0 : last4(bytes, at);
      if (destination === server) return null;
      return byAddress.get(destination) ?? 'no-destination';
    },
  };
}

function spoofed(from: Association): DropReason {
  from.spoofedDropped++;
  return 'spoofed-source';
}

function ipv4At(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
}
