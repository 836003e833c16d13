/**
 * Inner packets that wait for a path. Bounded in packets, bytes and age; the oldest make room, because a newer packet is
 * more likely to be wanted still. What is held was copied out of the batch, so the batch is free again.
 */
export interface HoldLimits {
  readonly packets: number;
  readonly bytes: number;
  readonly ageMs: number;
}

/** 10 s as in ip_resend; half a mebibyte is a burst, not a backlog. */
export const HOLD_LIMITS: HoldLimits = { packets: 512, bytes: 512 * 1024, ageMs: 10_000 };

export interface HeldPacket {
  readonly bytes: Uint8Array;
  /** `PacketFlags`. */
  readonly flags: number;
  readonly heldMs: number;
}

export class HoldQueue {
  private packets: HeldPacket[] = [];
  private bytes = 0;
  /** Packets that gave way to newer ones. */
  overflowed = 0;
  /** Packets that no path came for in time. */
  expired = 0;
  /** Packets ever held. */
  held = 0;

  constructor(private readonly limits: HoldLimits = HOLD_LIMITS) {}

  get length(): number {
    return this.packets.length;
  }

  /** Copies `bytes`; returns how many older packets had to go for it. */
  push(bytes: Uint8Array, flags: number, now: number): number {
    const before = this.overflowed;
    this.packets.push({ bytes: bytes.slice(), flags, heldMs: now });
    this.bytes += bytes.length;
    this.held++;
    while (this.packets.length > this.limits.packets || this.bytes > this.limits.bytes) {
      this.bytes -= (this.packets.shift() as HeldPacket).bytes.length;
      this.overflowed++;
    }
    return this.overflowed - before;
  }

  /** Forgets what is too old; returns how many packets that were. */
  expire(now: number): number {
    let count = 0;
    while (count < this.packets.length && now - this.packets[count].heldMs > this.limits.ageMs) {
      this.bytes -= this.packets[count].bytes.length;
      count++;
    }
    if (count > 0) this.packets.splice(0, count);
    this.expired += count;
    return count;
  }

  /** When the oldest packet is too old; Infinity = nothing is held. */
  get nextExpiryMs(): number {
    return this.packets.length > 0 ? this.packets[0].heldMs + this.limits.ageMs : Number.POSITIVE_INFINITY;
  }

  /** Hands everything over, oldest first, and is empty. */
  drain(): HeldPacket[] {
    const packets = this.packets;
    this.packets = [];
    this.bytes = 0;
    return packets;
  }
}
