/** `struct ifaddrmsg`: family, prefix length, flags, scope, index; then IFA_* (linux/if_addr.h). */

import { addressBytes, addressText } from '../ip-prefix.ts';
import type { Address } from '../network-objects.ts';
import { AttrStream } from './library.ts';
import { AF, attributes, familyFrom, numberOf, put32, SCOPE_LINK, u32 } from './values.ts';

const HEADER_BYTES = 8;
const IFA = { address: 1, local: 2, flags: 8 } as const;
const IFA_F = { nodad: 0x02, dadfailed: 0x08, tentative: 0x40 } as const;

/** Null for another address family. */
export function parseAddress(payload: Buffer): Address | null {
  const family = familyFrom(payload[0]);
  if (!family) return null;
  const found = attributes(payload.subarray(HEADER_BYTES));
  const remote = found.get(IFA.address);
  const local = found.get(IFA.local) ?? remote;
  if (!local) return null;
  const flags = numberOf(found.get(IFA.flags)) || payload[2];
  return {
    linkIndex: u32(payload, 4),
    family,
    address: addressText(local),
    ...(remote && !remote.equals(local) && { peer: addressText(remote) }),
    prefixLength: payload[1],
    isTentative: (flags & (IFA_F.tentative | IFA_F.dadfailed)) !== 0,
    isLinkLocal: payload[3] === SCOPE_LINK,
  };
}

/** IPv6 without duplicate detection: the address is usable at once, and nobody else is on a tunnel. */
export function emitAddress(linkIndex: number, address: string, prefixLength: number): Uint8Array[] {
  const bytes = addressBytes(address)!;
  const family = bytes.length === 4 ? 4 : 6;
  const flags = family === 6 ? IFA_F.nodad : 0;
  const out = new AttrStream();
  out.emit(Buffer.concat([Buffer.of(AF[family], prefixLength, flags, 0), put32(linkIndex)]));
  out.push(IFA.local, bytes);
  out.push(IFA.address, bytes);
  return out.bufs;
}
