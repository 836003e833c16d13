/**
 * Frames that wait for their time: a binary heap over slots of one slab, all in typed arrays.
 * Bounded: a frame that finds no slot is refused, and the caller counts it.
 */

/** An Ethernet frame of a 1,500-byte packet, with a VLAN tag to spare; longer frames are refused. */
export const SLOT_BYTES = 1536;

export interface DueFrame {
  /** What `push` was told. */
  route: number;
  /** Bytes of the frame in `slab`, good until the next `push`. */
  offset: number;
  length: number;
}

export class DelayLine {
  readonly slab: Uint8Array;
  /** Frames refused because all slots were taken or the frame is too long. */
  refused = 0;
  size = 0;
  readonly #dueMs: Float64Array;
  readonly #order: Float64Array;
  readonly #length: Int32Array;
  readonly #route: Int32Array;
  /** Slots: the first `size` as a heap by due time, then arrival order; the free ones behind. */
  readonly #slots: Int32Array;
  #pushed = 0;
  readonly #due: DueFrame = { route: 0, offset: 0, length: 0 };

  constructor(capacity: number) {
    this.slab = new Uint8Array(capacity * SLOT_BYTES);
    this.#dueMs = new Float64Array(capacity);
    this.#order = new Float64Array(capacity);
    this.#length = new Int32Array(capacity);
    this.#route = new Int32Array(capacity);
    this.#slots = Int32Array.from({ length: capacity }, (_, slot) => slot);
  }

  /** When the next frame is due; Infinity when none waits. */
  get nextDueMs(): number {
    return this.size > 0 ? this.#dueMs[this.#slots[0]] : Number.POSITIVE_INFINITY;
  }

  /** Copies `length` bytes of `from` into a slot. Frames due at the same time leave in the order they came. */
  push(dueMs: number, route: number, from: Uint8Array, offset: number, length: number): void {
    if (this.size === this.#slots.length || length > SLOT_BYTES) {
      this.refused += 1;
      return;
    }
    const at = this.size++;
    const slot = this.#slots[at];
    this.#dueMs[slot] = dueMs;
    this.#order[slot] = this.#pushed++;
    this.#length[slot] = length;
    this.#route[slot] = route;
    this.slab.set(from.subarray(offset, offset + length), slot * SLOT_BYTES);
    this.#rise(at);
  }

  /** The next frame due at `nowMs` or before, or null. The object is reused. */
  pop(nowMs: number): DueFrame | null {
    if (this.nextDueMs > nowMs) return null;
    const slots = this.#slots;
    const slot = slots[0];
    const last = --this.size;
    slots[0] = slots[last];
    slots[last] = slot;
    this.#sink();
    this.#due.route = this.#route[slot];
    this.#due.offset = slot * SLOT_BYTES;
    this.#due.length = this.#length[slot];
    return this.#due;
  }

  #before(a: number, b: number): boolean {
    const [dueA, dueB] = [this.#dueMs[a], this.#dueMs[b]];
    return dueA < dueB || (dueA === dueB && this.#order[a] < this.#order[b]);
  }

  #rise(at: number): void {
    const slots = this.#slots;
    let child = at;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!this.#before(slots[child], slots[parent])) return;
      this.#swap(child, parent);
      child = parent;
    }
  }

  #sink(): void {
    const slots = this.#slots;
    let parent = 0;
    for (;;) {
      let child = 2 * parent + 1;
      if (child >= this.size) return;
      if (child + 1 < this.size && this.#before(slots[child + 1], slots[child])) child += 1;
      if (!this.#before(slots[child], slots[parent])) return;
      this.#swap(child, parent);
      parent = child;
    }
  }

  #swap(a: number, b: number): void {
    const slots = this.#slots;
    const slot = slots[a];
    slots[a] = slots[b];
    slots[b] = slot;
  }
}
