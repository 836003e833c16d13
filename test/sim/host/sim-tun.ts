/** A machine's TUN device: its own packets on one side, the engine on the other. */
import type { PacketBatch } from '../../../src/proto/packet-batch.ts';
import { Verdict } from '../../../src/proto/packet-batch.ts';
import type { TunEdge } from '../../../src/tun/tun.ts';
import { writeInnerPacket } from '../inner-packet.ts';
import type { InnerPacket } from '../ledger.ts';

/** The kernel's txqueuelen for TUN. */
const QUEUE_PACKETS = 500;

export interface TunObserver {
  /** The engine took them. */
  handleRead(packets: readonly InnerPacket[]): void;
  /** The engine delivered `bytes[at .. at + length)`. */
  handleWritten(bytes: Uint8Array, at: number, length: number): void;
}

export class SimTun implements TunEdge {
  readonly name = 'tun0';
  readonly offload = { vnetHeader: false, tso: false, uso: false };
  private readonly waiting: InnerPacket[] = [];
  private callback: (() => void) | null = null;

  constructor(private readonly observer: TunObserver) {}

  /** The machine sends: what finds no room is lost, as in the kernel. */
  push(packets: readonly InnerPacket[]): void {
    this.waiting.push(...packets.slice(0, QUEUE_PACKETS - this.waiting.length));
  }

  /** What the engine is to be called for; null = nothing waits. */
  get readable(): (() => void) | null {
    return this.waiting.length > 0 ? this.callback : null;
  }

  read(batch: PacketBatch): number {
    let count = 0;
    for (const packet of this.waiting) {
      const row = batch.append(packet.length);
      if (row < 0) break;
      writeInnerPacket(batch.arena, batch.offset[row], packet);
      count++;
    }
    this.observer.handleRead(this.waiting.splice(0, count));
    return count;
  }

  write(batch: PacketBatch): number {
    let count = 0;
    for (let row = 0; row < batch.count; row++) {
      if (batch.verdict[row] !== Verdict.DELIVER) continue;
      this.observer.handleWritten(batch.arena, batch.offset[row], batch.length[row]);
      count++;
    }
    return count;
  }

  watch(callback: (() => void) | null): void {
    this.callback = callback;
  }

  close(): void {
    this.callback = null;
  }
}
