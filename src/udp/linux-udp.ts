/** UDP sockets of this network namespace. */
import type { UdpInfo } from '../native/addon.ts';
import type { Native } from '../native/native.ts';
import type { PacketBatch, PathTable } from '../proto/packet-batch.ts';
import type { UdpEdge, UdpOptions } from './udp.ts';

const WORD = 2 ** 32;

export class LinuxUdp implements UdpEdge {
  private readonly sockets = new Map<number, UdpInfo>();
  private readonly table: number;

  /** `mask`: handle of the header mask (`NativeSealer.mask`). */
  constructor(
    private readonly native: Native,
    paths: PathTable,
    private readonly mask: number,
  ) {
    this.table = native.addon.registerPathTable(paths.words);
  }

  open(options: UdpOptions): number {
    const info = this.native.addon.udpOpen(options);
    this.sockets.set(info.handle, info);
    return info.handle;
  }

  port(socket: number): number {
    return this.info(socket).port;
  }

  /** What the kernel granted: segmentation and GRO. */
  info(socket: number): UdpInfo {
    const info = this.sockets.get(socket);
    if (info === undefined) throw new TypeError(`socket ${socket} is not open`);
    return info;
  }

  receive(socket: number, batch: PacketBatch): number {
    const before = batch.count;
    const handle = this.native.batches.handle(batch);
    const packed = this.native.addon.udpReceive(
      socket,
      handle,
      this.mask,
      before,
      batch.end,
      batch.trainCount,
    );
    batch.count = Math.floor(packed / WORD);
    batch.end = packed % WORD;
    if (batch.count > before) batch.trainCount = batch.train[batch.count - 1] + 1;
    return batch.count - before;
  }

  send(batch: PacketBatch): number {
    return this.native.addon.udpSend(this.native.batches.handle(batch), this.table, batch.count);
  }

  watch(socket: number, callback: (() => void) | null): void {
    this.native.addon.unwatch(socket);
    if (callback !== null) this.native.addon.watch(socket, callback);
  }

  close(socket: number): void {
    this.sockets.delete(socket);
    this.native.addon.udpClose(socket);
  }

  /** Closes every socket and lets go of the path table. The edge is unusable afterwards. */
  dispose(): void {
    for (const socket of [...this.sockets.keys()]) this.close(socket);
    this.native.addon.releasePathTable(this.table);
  }
}
