/**
 * Bytes of a stream by their number, in a ring that grows by doubling as far as it is needed and gives its memory back when
 * nothing is in it. Capacities are powers of two: byte `n` stands at `n % capacity`.
 */
const MIN_CAPACITY_BYTES = 4_096;
const NOTHING = new Uint8Array(0);

export class ByteRing {
  private bytes: Uint8Array = NOTHING;

  get capacity(): number {
    return this.bytes.length;
  }

  /**
   * Makes room so that [base, end) fits at once; what is in use, [base, used), moves along. A view given out before stays as it
   * is: the old memory is left to it.
   */
  reserve(base: number, used: number, end: number): void {
    if (end - base <= this.bytes.length) return;
    let capacity = Math.max(MIN_CAPACITY_BYTES, this.bytes.length);
    while (capacity < end - base) capacity *= 2;
    const before = this.bytes;
    this.bytes = new Uint8Array(capacity);
    for (let at = base; at < used; ) {
      const from = at % before.length;
      const length = Math.min(used - at, before.length - from);
      this.write(at, before, from, length);
      at += length;
    }
  }

  /** `source[from .. from + length)` becomes the bytes from `number` on. The caller has reserved the room. */
  write(number: number, source: Uint8Array, from: number, length: number): void {
    const at = number % this.bytes.length;
    const first = Math.min(length, this.bytes.length - at);
    copy(source, from, this.bytes, at, first);
    if (first < length) copy(source, from + first, this.bytes, 0, length - first);
  }

  read(number: number, length: number, target: Uint8Array, to: number): void {
    const at = number % this.bytes.length;
    const first = Math.min(length, this.bytes.length - at);
    copy(this.bytes, at, target, to, first);
    if (first < length) copy(this.bytes, 0, target, to + first, length - first);
  }

  /** The bytes from `number` on as they stand together in memory: `length` of them, or fewer where the ring turns. */
  view(number: number, length: number): Uint8Array {
    const at = number % this.bytes.length;
    return this.bytes.subarray(at, Math.min(at + length, this.bytes.length));
  }

  /** Nothing is in it: the memory goes. */
  release(): void {
    this.bytes = NOTHING;
  }
}

function copy(source: Uint8Array, from: number, target: Uint8Array, to: number, length: number): void {
  target.set(source.subarray(from, from + length), to);
}
