/** A TUN device (IP packets) or TAP device (Ethernet frames) of this network namespace. */
import type { TunInfo, TunOptions } from '../native/addon.ts';
import type { Native } from '../native/native.ts';
import type { PacketBatch } from '../proto/packet-batch.ts';
import type { TunEdge, TunOffload } from './tun.ts';

const WORD = 2 ** 32;

export class LinuxTun implements TunEdge {
  private readonly info: TunInfo;

  /** Creates the device, down and without address, or attaches to a persistent one. Throws NativeError: EPERM, EBUSY … */
  constructor(
    private readonly native: Native,
    options: TunOptions,
  ) {
    this.info = native.addon.tunOpen(options);
  }

  get name(): string {
    return this.info.name;
  }

  get offload(): TunOffload {
    return this.info;
  }

  /** Packets from the kernel that could not be laid out. */
  get refused(): number {
    return this.native.addon.tunRefused(this.info.handle);
  }

  read(batch: PacketBatch): number {
    const before = batch.count;
    const handle = this.native.batches.handle(batch);
    const packed = this.native.addon.tunRead(this.info.handle, handle, before, batch.end);
    batch.count = Math.floor(packed / WORD);
    batch.end = packed % WORD;
    return batch.count - before;
  }

  write(batch: PacketBatch): number {
    return this.native.addon.tunWrite(this.info.handle, this.native.batches.handle(batch), batch.count);
  }

  watch(callback: (() => void) | null): void {
    this.native.addon.unwatch(this.info.handle);
    if (callback !== null) this.native.addon.watch(this.info.handle, callback);
  }

  /** The device vanishes with its addresses and routes. */
  close(): void {
    this.native.addon.tunClose(this.info.handle);
  }
}
