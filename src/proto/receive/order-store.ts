/** Slots for packets that wait for earlier ones: a sorted list per lane, bounded in number for the association and for all. */
import { LANES } from '../wire/interior.ts';

/** 4 MiB: 300 Mbit/s over paths that differ by 100 ms. Memory grows towards that with need. */
const MAX_SLOTS = 2_048;
const FIRST_SLOTS = 32;
export const ORDER_SLOT_BYTES = 2_048;

/** No such slot. */
export const NO_SLOT = -1;

/** Slots that all associations of one end may hold together. */
export class SlotBudget {
  constructor(public free: number) {}
}

export class OrderStore {
  /** Packets held. */
  count = 0;
  // Columns, one element per slot.
  readonly sessionId = new Int32Array(MAX_SLOTS);
  readonly number = new Int32Array(MAX_SLOTS);
  readonly heldMs = new Float64Array(MAX_SLOTS);
  readonly length = new Uint16Array(MAX_SLOTS);
  readonly ipFlags = new Uint8Array(MAX_SLOTS);
  readonly continued = new Uint8Array(MAX_SLOTS);
  private readonly next = new Int16Array(MAX_SLOTS);
  /** Lowest and highest number of each lane. */
  private readonly heads = new Int16Array(LANES).fill(NO_SLOT);
  private readonly tails = new Int16Array(LANES).fill(NO_SLOT);
  private freeSlot = NO_SLOT;
  private slots = 0;
  /** `ORDER_SLOT_BYTES` per slot. */
  bytes = new Uint8Array(0);

  constructor(private readonly budget: SlotBudget) {}

  /** The slot with the lowest number of the lane, or `NO_SLOT`. */
  head(lane: number): number {
    return this.heads[lane];
  }

  /** The highest number of the lane, or `number` when that is higher. */
  highest(lane: number, number: number): number {
    const tail = this.tails[lane];
    return tail === NO_SLOT || ((number - this.number[tail]) | 0) > 0 ? number : this.number[tail];
  }

  /** When the first of those came that the lane holds: whatever is missing before its head has been missing since then. */
  earliestMs(lane: number): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (let slot = this.heads[lane]; slot !== NO_SLOT; slot = this.next[slot])
      earliest = Math.min(earliest, this.heldMs[slot]);
    return earliest;
  }

  /** Copies up to `ORDER_SLOT_BYTES`; the slot, or `NO_SLOT` when there is no room. */
  put(lane: number, number: number, bytes: Uint8Array, at: number, length: number, now: number): number {
    if (this.freeSlot === NO_SLOT) this.enlarge();
    const slot = this.freeSlot;
    if (slot === NO_SLOT) return NO_SLOT;
    this.freeSlot = this.next[slot];
    this.count++;
    this.number[slot] = number;
    this.heldMs[slot] = now;
    this.length[slot] = length;
    this.bytes.set(bytes.subarray(at, at + length), slot * ORDER_SLOT_BYTES);
    this.link(lane, slot);
    return slot;
  }

  /** Takes the head out; its columns and bytes stay until the next `put`. */
  shift(lane: number): number {
    const slot = this.heads[lane];
    this.heads[lane] = this.next[slot];
    if (this.heads[lane] === NO_SLOT) this.tails[lane] = NO_SLOT;
    this.next[slot] = this.freeSlot;
    this.freeSlot = slot;
    this.count--;
    return slot;
  }

  /** Gives all slots back to the budget; to be called when nothing is held, or nothing matters any more. */
  close(): void {
    this.budget.free += this.slots;
    this.slots = 0;
  }

  private link(lane: number, slot: number): void {
    const tail = this.tails[lane];
    if (tail === NO_SLOT || this.isAfter(slot, tail)) {
      this.next[slot] = NO_SLOT;
      if (tail === NO_SLOT) this.heads[lane] = slot;
      else this.next[tail] = slot;
      this.tails[lane] = slot;
      return;
    }
    let before = NO_SLOT;
    let after = this.heads[lane];
    for (; this.isAfter(slot, after); after = this.next[after]) before = after;
    this.next[slot] = after;
    if (before === NO_SLOT) this.heads[lane] = slot;
    else this.next[before] = slot;
  }

  private isAfter(slot: number, other: number): boolean {
    return ((this.number[slot] - this.number[other]) | 0) >= 0;
  }

  /** All slots are in use: twice as many, as far as the bounds allow. */
  private enlarge(): void {
    const wanted = Math.min(MAX_SLOTS, Math.max(FIRST_SLOTS, 2 * this.slots));
    const more = Math.min(wanted - this.slots, this.budget.free);
    if (more <= 0) return;
    this.budget.free -= more;
    const larger = new Uint8Array((this.slots + more) * ORDER_SLOT_BYTES);
    larger.set(this.bytes);
    this.bytes = larger;
    for (let slot = this.slots; slot < this.slots + more; slot++) {
      this.next[slot] = this.freeSlot;
      this.freeSlot = slot;
    }
    this.slots += more;
  }
}
