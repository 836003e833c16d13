/** `struct rtmsg`: family, lengths, tos, table, protocol, scope, type, flags; then RTA_* (linux/rtnetlink.h). */

import { addressBytes, addressText, type Family, parsePrefix } from '../ip-prefix.ts';
import type { Route } from '../network-objects.ts';
import { AttrStream } from './library.ts';
import { AF, attributes, familyFrom, nameOf, numberOf, put16, put32, u16, u32 } from './values.ts';

const HEADER_BYTES = 12;
const RTA = {
  dst: 1,
  oif: 4,
  gateway: 5,
  priority: 6,
  prefsrc: 7,
  multipath: 9,
  table: 15,
  via: 18,
} as const;
const RTNH_F_ONLINK = 4;
const RTN = { unicast: 1, unreachable: 7 } as const;

/** One route per next hop: a multipath route becomes several. Empty for another address family. */
export function parseRoutes(payload: Buffer): Route[] {
  const family = familyFrom(payload[0]);
  if (!family) return [];
  const found = attributes(payload.subarray(HEADER_BYTES));
  const destination = found.get(RTA.dst) ?? Buffer.alloc(family === 4 ? 4 : 16);
  const source = found.get(RTA.prefsrc);
  const common = {
    family,
    table: numberOf(found.get(RTA.table)) || payload[4],
    type: nameOf(RTN, payload[7]),
    destination: `${addressText(destination)}/${payload[1]}`,
    metric: numberOf(found.get(RTA.priority)),
    scope: payload[6],
    protocol: payload[5],
    ...(source && { preferredSource: addressText(source) }),
  };
  const multipath = found.get(RTA.multipath);
  if (multipath) return parseNextHops(multipath).map((hop) => ({ ...common, ...hop }));
  const oif = found.get(RTA.oif);
  return [{ ...common, ...nextHop(oif && u32(oif), u32(payload, 8), found) }];
}

type NextHop = Pick<Route, 'linkIndex' | 'gateway' | 'isOnLink'>;

/** `struct rtnexthop` (length, flags, hops, interface), each with attributes of its own. */
function parseNextHops(data: Buffer): NextHop[] {
  const hops: NextHop[] = [];
  for (let at = 0; at + 8 <= data.length; ) {
    const length = u16(data, at);
    if (length < 8) break;
    hops.push(nextHop(u32(data, at + 4), data[at + 2], attributes(data.subarray(at + 8, at + length))));
    at += (length + 3) & ~3;
  }
  return hops;
}

function nextHop(linkIndex: number | undefined, flags: number, found: Map<number, Buffer>): NextHop {
  const gateway = found.get(RTA.gateway) ?? found.get(RTA.via)?.subarray(2);
  return {
    ...(linkIndex !== undefined && { linkIndex }),
    ...(gateway && { gateway: addressText(gateway) }),
    ...(flags & RTNH_F_ONLINK && { isOnLink: true }),
  };
}

export function emitRoute(route: Route): Uint8Array[] {
  const prefix = parsePrefix(route.destination)!;
  const type = route.type === 'other' ? RTN.unicast : RTN[route.type];
  const flags = route.isOnLink ? RTNH_F_ONLINK : 0;
  const header = Buffer.of(AF[route.family], prefix.prefixLength, 0, 0, 0, route.protocol, route.scope, type);
  const out = new AttrStream();
  out.emit(Buffer.concat([header, put32(flags)]));
  out.push(RTA.table, put32(route.table));
  if (prefix.prefixLength > 0) out.push(RTA.dst, prefix.bytes);
  if (route.linkIndex !== undefined) out.push(RTA.oif, put32(route.linkIndex));
  if (route.metric) out.push(RTA.priority, put32(route.metric));
  if (route.preferredSource) out.push(RTA.prefsrc, addressBytes(route.preferredSource)!);
  if (route.gateway) pushGateway(out, route.family, addressBytes(route.gateway)!);
  return out.bufs;
}

function pushGateway(out: AttrStream, family: Family, gateway: Uint8Array): void {
  const isSameFamily = gateway.length === (family === 4 ? 4 : 16);
  if (isSameFamily) out.push(RTA.gateway, gateway);
  else out.push(RTA.via, Buffer.concat([put16(AF[gateway.length === 4 ? 4 : 6]), gateway]));
}
