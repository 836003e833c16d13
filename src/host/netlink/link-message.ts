/** `struct ifinfomsg`: family, type, index, flags, change mask; then IFLA_* (linux/if_link.h). */

import type { Link } from '../network-objects.ts';
import { AttrStream } from './library.ts';
import { attributes, numberOf, put32, stringOf, u32 } from './values.ts';

const HEADER_BYTES = 16;
const IFF = { up: 1, loopback: 8, pointToPoint: 16, running: 64 } as const;
const IFLA = { ifname: 3, mtu: 4, txqlen: 13, linkinfo: 18 } as const;
const IFLA_INFO_KIND = 1;

export function parseLink(payload: Buffer): Link {
  const flags = u32(payload, 8);
  const found = attributes(payload.subarray(HEADER_BYTES));
  const info = found.get(IFLA.linkinfo);
  const kind = info && attributes(info).get(IFLA_INFO_KIND);
  return {
    index: u32(payload, 4),
    name: stringOf(found.get(IFLA.ifname)),
    mtuBytes: numberOf(found.get(IFLA.mtu)),
    txQueueLength: numberOf(found.get(IFLA.txqlen)),
    isUp: (flags & IFF.up) !== 0,
    isRunning: (flags & IFF.running) !== 0,
    isLoopback: (flags & IFF.loopback) !== 0,
    isPointToPoint: (flags & IFF.pointToPoint) !== 0,
    ...(kind && { kind: stringOf(kind) }),
  };
}

export interface LinkSettings {
  readonly isUp?: boolean;
  readonly mtuBytes?: number;
  readonly txQueueLength?: number;
}

export function emitLink(index: number, settings: LinkSettings): Uint8Array[] {
  const flags = settings.isUp ? IFF.up : 0;
  const change = settings.isUp === undefined ? 0 : IFF.up;
  const out = new AttrStream();
  out.emit(Buffer.concat([Buffer.alloc(4), put32(index), put32(flags), put32(change)]));
  if (settings.mtuBytes !== undefined) out.push(IFLA.mtu, put32(settings.mtuBytes));
  if (settings.txQueueLength !== undefined) out.push(IFLA.txqlen, put32(settings.txQueueLength));
  return out.bufs;
}
