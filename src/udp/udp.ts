/** The edge to the network: datagrams in and out over several sockets, a batch at a time. */
import type { UdpOptions } from '../native/addon.ts';
import type { PacketBatch } from '../proto/packet-batch.ts';

export type { UdpOptions } from '../native/addon.ts';

export interface UdpEdge {
  /** Opens a socket; returns its handle, as path table and trains name it. Throws NativeError: EADDRINUSE, ENODEV … */
  open(options: UdpOptions): number;
  /** The local port of a socket. */
  port(socket: number): number;
  /**
   * Appends waiting datagrams to `batch` until none is left or rows, trains or arena are used up; returns how many rows.
   * Headers are unmasked; rows are `RECEIVED` with `type`, `sessionId` and `packetNumber` filled, or `DROP` when
   * shorter than 28 bytes; `train` names sender, socket and local address.
   */
  receive(socket: number, batch: PacketBatch): number;
  /**
   * Sends the rows with `Verdict.SEND`: to the address of `train` where it is not -1, else one copy over each path of
   * `peer` in `pathMask`. Returns copies taken; the path table counts the others (PATH_FAILED) and says why (PATH_ERRNO).
   */
  send(batch: PacketBatch): number;
  /** Calls back each time the socket has something to receive. One watcher per socket; `null` ends it. */
  watch(socket: number, callback: (() => void) | null): void;
  close(socket: number): void;
}
