/** All rows, in the order of measurement and print: memory last, when the others have loaded the daemons. */
import { MemoryRow } from './memory-row.ts';
import type { Row } from './metrics.ts';
import { PausesRow } from './pauses-row.ts';
import { PingRow } from './ping-row.ts';
import { TcpRow } from './tcp-row.ts';
import { UdpRow } from './udp-row.ts';

function tcp(id: string, title: string, streams: number, isDown: boolean, isNat = false): Row {
  return new TcpRow({ id, title, streams, isDown, isNat });
}

export const ROWS: readonly Row[] = [
  new PingRow(false),
  new PingRow(true),
  tcp('tcp-up', 'TCP up, 1 stream', 1, false),
  tcp('tcp-down', 'TCP down, 1 stream', 1, true),
  tcp('tcp-up-4', 'TCP up, 4 streams', 4, false),
  tcp('tcp-down-4', 'TCP down, 4 streams', 4, true),
  tcp('nat-up', 'TCP up through NAT', 1, false, true),
  tcp('nat-down', 'TCP down through NAT', 1, true, true),
  new UdpRow(64),
  new UdpRow(512),
  new UdpRow(1200),
  new PausesRow(),
  new MemoryRow(),
];
