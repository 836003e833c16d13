/**
 * Which packets are worth most to somebody who waits for a path: those that open a conversation, because their application
 * repeats them after a second or more, or gives up. Allocates nothing; the packet was checked by `checkIp`.
 */
import { readU16 } from '../wire/integers.ts';
import { IPV6_HEADER_BYTES, ipProtocol, ipVersion, ipv4HeaderBytes } from '../wire/ip.ts';

/** Lower ranks stay longer. */
export const HoldRank = { OPENING: 0, SMALL: 1, BULK: 2 } as const;
export type HoldRank = (typeof HoldRank)[keyof typeof HoldRank];
export const HOLD_RANKS = 3;

/** Voice, keystrokes, pings, acknowledgements; not the segments of a download. */
const SMALL_BYTES = 256;
const TCP = 6;
const UDP = 17;
const DNS_PORT = 53;
const TCP_FLAGS = 13;
const SYN = 0x02;
const ACK = 0x10;
/** IPv4: offset of this fragment, 13 bits. */
const FRAGMENT = 6;
const FRAGMENT_OFFSET = 0x1fff;

export function holdRank(bytes: Uint8Array): HoldRank {
  if (opensConversation(bytes)) return HoldRank.OPENING;
  return bytes.length <= SMALL_BYTES ? HoldRank.SMALL : HoldRank.BULK;
}

function opensConversation(bytes: Uint8Array): boolean {
  const isIpv4 = ipVersion(bytes, 0) === 4;
  if (isIpv4 && (readU16(bytes, FRAGMENT) & FRAGMENT_OFFSET) !== 0) return false;
  const at = isIpv4 ? ipv4HeaderBytes(bytes, 0) : IPV6_HEADER_BYTES;
  switch (ipProtocol(bytes, 0)) {
    case TCP:
      return bytes.length > at + TCP_FLAGS && (bytes[at + TCP_FLAGS] & (SYN | ACK)) === SYN;
    case UDP:
      return (
        bytes.length >= at + 4 && (readU16(bytes, at) === DNS_PORT || readU16(bytes, at + 2) === DNS_PORT)
      );
    default:
      return false;
  }
}
