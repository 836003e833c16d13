/**
 * A TUN device without a kernel: the edge on one side, a host that injects and takes packets on the other, a bounded
 * queue each way. For the simulator and for tests.
 */
import { type PacketBatch, Verdict } from '../proto/packet-batch.ts';
import type { TunEdge, TunOffload } from './tun.ts';

export interface TunPacket {
  readonly bytes: Uint8Array;
  /** `PacketFlags`. */
  readonly flags: number;
}

export interface MemoryTunOptions {
  readonly name?: string;
  /** Packets that wait in each direction. Default 500, the kernel's txqueuelen for TUN. */
  readonly queuePackets?: number;
}

export class MemoryTun implements TunEdge {
  readonly name: string;
  readonly offload: TunOffload = { vnetHeader: false, tso: false, uso: false };
  /** Packets that found the host's queue full. */
  overflowed = 0;
  private readonly queuePackets: number;
  private readonly inbound: TunPacket[] = [];
  private readonly outbound: TunPacket[] = [];
  private callback: (() => void) | null = null;
  private isClosed = false;

  constructor(options: MemoryTunOptions = {}) {
    this.name = options.name ?? 'mem0';
    this.queuePackets = options.queuePackets ?? 500;
  }

  /** The host sends a packet into the tunnel: it is copied. False = the queue is full, or the device closed. */
  inject(bytes: Uint8Array, flags = 0): boolean {
    if (this.isClosed || this.outbound.length >= this.queuePackets) {
      this.overflowed++;
      return false;
    }
    this.outbound.push({ bytes: bytes.slice(), flags });
    this.callback?.();
    return true;
  }

  /** What the tunnel delivered to the host since the last call, oldest first. */
  take(): TunPacket[] {
    return this.inbound.splice(0);
  }

  read(batch: PacketBatch): number {
    this.assertOpen();
    let count = 0;
    for (const packet of this.outbound) {
      const row = batch.append(packet.bytes.length);
      if (row < 0) break;
      batch.arena.set(packet.bytes, batch.offset[row]);
      batch.flags[row] = packet.flags;
      count++;
    }
    this.outbound.splice(0, count);
    return count;
  }

  write(batch: PacketBatch): number {
    this.assertOpen();
    let count = 0;
    for (let row = 0; row < batch.count; row++) {
      if (batch.verdict[row] !== Verdict.DELIVER) continue;
      const offset = batch.offset[row];
      const bytes = batch.arena.subarray(offset, offset + batch.length[row]);
      if (!isIpPacket(bytes)) continue;
      if (this.inbound.length >= this.queuePackets) {
        this.overflowed++;
        continue;
      }
      this.inbound.push({ bytes: bytes.slice(), flags: batch.flags[row] });
      count++;
    }
    return count;
  }

  watch(callback: (() => void) | null): void {
    this.callback = callback;
    if (this.outbound.length > 0) callback?.();
  }

  close(): void {
    this.assertOpen();
    this.isClosed = true;
    this.callback = null;
  }

  private assertOpen(): void {
    if (this.isClosed) throw new TypeError(`${this.name} is closed`);
  }
}

/** The length check that the addon makes before it writes to a device. */
function isIpPacket(bytes: Uint8Array): boolean {
  const version = bytes[0] >> 4;
  if (version === 4 && bytes.length >= 20) {
    const headerBytes = (bytes[0] & 15) * 4;
    return headerBytes >= 20 && headerBytes <= bytes.length && ((bytes[2] << 8) | bytes[3]) === bytes.length;
  }
  return version === 6 && bytes.length >= 40 && ((bytes[4] << 8) | bytes[5]) + 40 === bytes.length;
}
