/** Whether this network namespace has IPv6, and where the server's own address in a pool is. */
import { existsSync, readFileSync } from 'node:fs';
import { formatIpv4, formatIpv6, parseCidr4, parseIpv4, parseIpv6 } from '../proto/wire/ip-text.ts';

/** False with `ipv6.disable=1`: then there are not even sockets. */
export function hasIpv6Sockets(): boolean {
  return existsSync('/proc/net/if_inet6');
}

/** False, too, where new interfaces get no IPv6. */
export function hasIpv6Interfaces(): boolean {
  try {
    return (
      hasIpv6Sockets() && readFileSync('/proc/sys/net/ipv6/conf/default/disable_ipv6', 'utf8').trim() === '0'
    );
  } catch {
    return false;
  }
}

/** The first host address of a pool is the server's. */
export function firstHost(pool: string): { address: string; prefixLength: number } {
  const cidr = parseCidr4(pool);
  if (cidr === null) throw new Error(`not a network: ${pool}`);
  return { address: formatIpv4(cidr.network + 1), prefixLength: cidr.prefixLength };
}

/** Inside the tunnel an IPv6 address ends in the IPv4 address of the same host. */
export function embedIpv4(pool6: string, address: string): { address6: string; prefixLength6: number } {
  const [network, length] = pool6.split('/');
  const bytes = parseIpv6(network);
  if (bytes === null) throw new Error(`not a network: ${pool6}`);
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(12, parseIpv4(address));
  return { address6: formatIpv6(bytes), prefixLength6: Number(length) };
}
