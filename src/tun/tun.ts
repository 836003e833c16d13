/** The edge to the kernel's network stack: IP packets in and out, a batch at a time. */
import type { PacketBatch } from '../proto/packet-batch.ts';

/** What the device can do. */
export interface TunOffload {
  /** Packets carry virtio headers; without, each travels alone with a full checksum. */
  readonly vnetHeader: boolean;
  /** TCP super-packets (TSO4, TSO6). */
  readonly tso: boolean;
  /** UDP super-packets (USO4, USO6). */
  readonly uso: boolean;
}

export interface TunEdge {
  readonly name: string;
  readonly offload: TunOffload;
  /**
   * Appends waiting packets to `batch` (rows with headroom and tailroom, back to back, `Verdict.DROP`) until none is left
   * or rows or arena are used up; returns how many. Throws when the device is gone.
   */
  read(batch: PacketBatch): number;
  /**
   * Delivers the rows with `Verdict.DELIVER`. Returns how many were taken: what is no IP packet of the row's length, or
   * finds the queue full or the device down, is dropped.
   */
  write(batch: PacketBatch): number;
  /** Calls back each time there is something to read. One watcher; `null` ends it. */
  watch(callback: (() => void) | null): void;
  close(): void;
}
