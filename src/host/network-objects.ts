/** What the kernel's routing tables are made of, as plain data that a journal can keep. */
import type { Family } from './ip-prefix.ts';

/**
 * Originator number of every route and rule that this program makes (`proto 171` in `ip route`, `ip rule`).
 * Not taken in iproute2's rt_protos; nothing without it is ever removed.
 */
export const ROUTE_PROTOCOL = 171;

export const TABLE_MAIN = 254;
export const TABLE_LOCAL = 255;

export interface Link {
  readonly index: number;
  readonly name: string;
  readonly mtuBytes: number;
  readonly txQueueLength: number;
  /** IFF_UP: switched on. */
  readonly isUp: boolean;
  /** IFF_RUNNING: on, and with a carrier. */
  readonly isRunning: boolean;
  readonly isLoopback: boolean;
  /** IFF_POINTOPOINT: needs no gateway (ppp, tun, many modems). */
  readonly isPointToPoint: boolean;
  /** Driver kind (`veth`, `tun`); absent for hardware. */
  readonly kind?: string;
}

export interface Address {
  readonly linkIndex: number;
  readonly family: Family;
  readonly address: string;
  /** Point-to-point links: the other end. */
  readonly peer?: string;
  readonly prefixLength: number;
  /** IPv6: duplicate detection has not finished or has failed. */
  readonly isTentative: boolean;
  readonly isLinkLocal: boolean;
}

export type RouteType = 'unicast' | 'unreachable' | 'other';

export interface Route {
  readonly family: Family;
  readonly table: number;
  readonly type: RouteType;
  /** Canonical, with its length; the default route is `0.0.0.0/0` or `::/0`. */
  readonly destination: string;
  readonly linkIndex?: number;
  /** Text; of the other family for an IPv4 route over an IPv6 neighbour (RTA_VIA). */
  readonly gateway?: string;
  /** RTNH_F_ONLINK: the gateway need not be inside a connected prefix. */
  readonly isOnLink?: boolean;
  readonly metric: number;
  /** RT_SCOPE_*: 0 universe, 253 link. */
  readonly scope: number;
  /** RTPROT_*: 2 kernel, 9 router advertisement, 171 ours. */
  readonly protocol: number;
  readonly preferredSource?: string;
}

export type RuleAction = 'lookup' | 'unreachable' | 'other';

export interface Rule {
  readonly family: Family;
  readonly priority: number;
  readonly action: RuleAction;
  readonly table: number;
  /** Firewall mark and its mask; absent matches every mark. */
  readonly mark?: number;
  readonly mask?: number;
  /** `not`: matches what the selectors do not. */
  readonly isInverted: boolean;
  /** Routes found with at most this prefix length do not count. */
  readonly suppressPrefixLength?: number;
  readonly protocol: number;
}
