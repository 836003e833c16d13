/** Slots for pieces of packets: fixed size, bounded in number, in the order of their arrival. */

/** 128 slots of 2 KiB are the 256 KiB of PROTOCOL.md §3; memory grows towards that with need. */
const MAX_SLOTS = 128;
const FIRST_SLOTS = 8;
const SLOT_BYTES = 2_048;

/** No such slot. */
export const NONE = -1;

export class PieceStore {
  /** Pieces held. */
  count = 0;
  // Columns, one element per slot.
  /** What the number counts in: the lane of a session. */
  readonly origin = new Float64Array(MAX_SLOTS);
  readonly packetNumber = new Uint32Array(MAX_SLOTS);
  readonly arrivedMs = new Float64Array(MAX_SLOTS);
  readonly length = new Uint16Array(MAX_SLOTS);
  readonly continued = new Uint8Array(MAX_SLOTS);
  readonly notFirst = new Uint8Array(MAX_SLOTS);
  readonly packetFlags = new Uint8Array(MAX_SLOTS);
  private bytes = new Uint8Array(FIRST_SLOTS * SLOT_BYTES);
  /** All slots: the first `count` are in use, oldest first, the others free. */
  private readonly order = Uint8Array.from({ length: MAX_SLOTS }, (_, slot) => slot);

  get isFull(): boolean {
    return this.count === MAX_SLOTS;
  }

  /** `NONE` when empty. */
  get oldest(): number {
    return this.count === 0 ? NONE : this.order[0];
  }

  /** The slot with this packet number (uint32) of this origin, or `NONE`. Looks at the newest first. */
  find(origin: number, packetNumber: number): number {
    for (let i = this.count - 1; i >= 0; i--) {
      const slot = this.order[i];
      if (this.packetNumber[slot] === packetNumber && this.origin[slot] === origin) return slot;
    }
    return NONE;
  }

  /** Copies 1..`SLOT_BYTES` bytes into a free slot, whose other columns the caller fills; the store is not full. */
  put(packetNumber: number, bytes: Uint8Array, offset: number, length: number, now: number): number {
    const slot = this.order[this.count++];
    const at = slot * SLOT_BYTES;
    if (at === this.bytes.length) this.enlarge();
    this.bytes.set(bytes.subarray(offset, offset + length), at);
    this.packetNumber[slot] = packetNumber;
    this.arrivedMs[slot] = now;
    this.length[slot] = length;
    return slot;
  }

  remove(slot: number): void {
    const at = this.order.indexOf(slot);
    this.order.copyWithin(at, at + 1, this.count);
    this.order[--this.count] = slot;
  }

  /** Copies a piece to `target[at]` and returns its length. */
  copy(slot: number, target: Uint8Array, at: number): number {
    const start = slot * SLOT_BYTES;
    target.set(this.bytes.subarray(start, start + this.length[slot]), at);
    return this.length[slot];
  }

  /** Freed slots are used again first, so a new one always borders on those that were in use before. */
  private enlarge(): void {
    const larger = new Uint8Array(2 * this.bytes.length);
    larger.set(this.bytes);
    this.bytes = larger;
  }
}
