/**
 * Inner packets that wait for a path. Bounded in packets, bytes and age. What opens a conversation is the last to make room,
 * then what is small (`hold-rank.ts`); among equals the oldest goes, because a newer packet is more likely to be wanted
 * still. What is held was copied out of the batch, so the batch is free again.
 */
import { HOLD_RANKS, holdRank } from './hold-rank.ts';

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
  /** Place in the order of arrival. */
  readonly place: number;
}

const NO_RANKS: HeldPacket[][] = [];

export class HoldQueue {
  /** By rank, each oldest first; none while nothing is held. */
  private ranks: HeldPacket[][] = NO_RANKS;
  private count = 0;
  private bytes = 0;
  /** Packets that gave way to others. */
  overflowed = 0;
  /** Packets that no path came for in time. */
  expired = 0;
  /** Packets ever held. */
  held = 0;

  constructor(private readonly limits: HoldLimits = HOLD_LIMITS) {}

  get length(): number {
    return this.count;
  }

  /** Copies the IP packet `bytes`; returns how many packets had to go for it, itself included. */
  push(bytes: Uint8Array, flags: number, now: number): number {
    const before = this.overflowed;
    const packet = { bytes: bytes.slice(), flags, heldMs: now, place: this.held++ };
    if (this.ranks === NO_RANKS) this.ranks = Array.from({ length: HOLD_RANKS }, () => []);
    this.ranks[holdRank(bytes)].push(packet);
    this.count++;
    this.bytes += bytes.length;
    while (this.count > this.limits.packets || this.bytes > this.limits.bytes) {
      this.forget(this.leastWanted);
      this.overflowed++;
    }
    return this.overflowed - before;
  }

  /** Forgets what is too old; returns how many packets that were. */
  expire(now: number): number {
    const before = this.count;
    for (const packets of this.ranks)
      while (packets.length > 0 && now - packets[0].heldMs > this.limits.ageMs) this.forget(packets);
    const count = before - this.count;
    this.expired += count;
    return count;
  }

  /** When the oldest packet is too old; Infinity = nothing is held. */
  get nextExpiryMs(): number {
    let oldestMs = Number.POSITIVE_INFINITY;
    for (const packets of this.ranks)
      if (packets.length > 0) oldestMs = Math.min(oldestMs, packets[0].heldMs);
    return oldestMs + this.limits.ageMs;
  }

  /** Hands everything over, in the order of arrival, and is empty. */
  drain(): HeldPacket[] {
    const packets = this.ranks.flat().sort((a, b) => a.place - b.place);
    this.ranks = NO_RANKS;
    this.count = 0;
    this.bytes = 0;
    return packets;
  }

  private get leastWanted(): HeldPacket[] {
    let rank = HOLD_RANKS - 1;
    while (this.ranks[rank].length === 0) rank--;
    return this.ranks[rank];
  }

  private forget(packets: HeldPacket[]): void {
    this.bytes -= (packets.shift() as HeldPacket).bytes.length;
    this.count--;
  }
}
