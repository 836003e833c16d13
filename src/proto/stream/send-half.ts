/**
 * What goes out on a channel. Its numbers: 0 is the start, then one per byte, and one behind the last byte is the stop. So
 * that one mechanism repeats and acknowledges all three, and a packet that turns out too large is cut anew.
 *
 *   base ≤ fresh ≤ written        below base: acknowledged; below fresh: sent; below written: given by the application
 */
import { ByteRing } from './byte-ring.ts';
import type { Budget } from './limits.ts';
import { INITIAL_WINDOW_BYTES, MAX_BACKLOG_BYTES, MIN_BACKLOG_BYTES } from './limits.ts';
import { RangeSet } from './range-set.ts';
import type { Transmission } from './transmission.ts';
import { UnderWay } from './under-way.ts';

export class SendHalf {
  private readonly ring = new ByteRing();
  /** Sent, and not arrived: to be sent again. */
  private readonly lost = new RangeSet();
  private readonly underWay = new UnderWay();
  private base = 0;
  private fresh = 0;
  private written = 1;
  private stop = -1;
  /** The peer takes numbers below this. */
  private limit = 1 + INITIAL_WINDOW_BYTES;
  /** The start may be sent: at the opener's at once, at the other end when its socket is open. */
  isOpen = false;
  /** The way on which something was lost last, -1 = none. */
  avoid = -1;

  // What `next` found
  first = 0;
  end = 0;
  isRepeat = false;

  constructor(private readonly backlog: Budget) {}

  // The application's side

  /** How many bytes `write` would take now; `wantedBytes`: what is worth holding, by the speed of the ways. */
  room(wantedBytes: number): number {
    if (this.stop >= 0) return 0;
    const most = this.backlog.isSpent
      ? MIN_BACKLOG_BYTES
      : Math.min(MAX_BACKLOG_BYTES, Math.max(4 * MIN_BACKLOG_BYTES, wantedBytes));
    return Math.max(0, Math.floor(most - this.waitingBytes));
  }

  /** Takes `length` bytes; the caller keeps to `room`. */
  write(bytes: Uint8Array, from: number, length: number): void {
    const before = this.ring.capacity;
    this.ring.reserve(Math.max(1, this.base), this.written, this.written + length);
    this.ring.write(this.written, bytes, from, length);
    this.backlog.add(this.ring.capacity - before);
    this.written += length;
  }

  /** Nothing follows. */
  stopAfterWritten(): void {
    if (this.stop < 0) this.stop = this.written;
  }

  /** Bytes given and not acknowledged yet. */
  get waitingBytes(): number {
    return this.written - Math.max(1, this.base);
  }

  get sentBytes(): number {
    return Math.max(0, Math.min(this.fresh, this.written) - 1);
  }

  get hasStopped(): boolean {
    return this.stop >= 0;
  }

  /** True when the peer has everything, the stop included. */
  get isDone(): boolean {
    return this.stop >= 0 && this.base > this.stop;
  }

  /** Something given is not acknowledged yet. */
  get isWaiting(): boolean {
    return this.isOpen && this.base < this.total;
  }

  private get total(): number {
    return this.stop >= 0 ? this.stop + 1 : this.written;
  }

  // Sending

  get hasRepeats(): boolean {
    return this.lost.size > 0;
  }

  get hasFresh(): boolean {
    return this.isOpen && this.fresh < this.freshEnd;
  }

  private get freshEnd(): number {
    if (this.fresh === this.stop) return this.stop + 1;
    return Math.min(this.written, this.limit);
  }

  /** Everything was sent and arrived, more is there, and the peer takes none. */
  get isBlocked(): boolean {
    return this.isOpen && this.written > this.limit && this.fresh >= this.limit && this.isQuiet;
  }

  /** Nothing is under way or to be repeated. */
  private get isQuiet(): boolean {
    return this.underWay.lowest === null && this.lost.size === 0;
  }

  get nextNumber(): number {
    return this.fresh;
  }

  isStart(number: number): boolean {
    return number === 0;
  }

  isStop(number: number): boolean {
    return number === this.stop;
  }

  /** Chooses what goes next, at most `maxBytes`, into `first`, `end` and `isRepeat`; false = nothing. */
  next(maxBytes: number): boolean {
    this.isRepeat = this.lost.size > 0;
    let end: number;
    if (this.isRepeat) {
      this.first = this.lost.start(0);
      end = this.lost.end(0);
    } else {
      if (!this.hasFresh) return false;
      this.first = this.fresh;
      end = this.freshEnd;
    }
    if (this.first === 0) end = 1;
    else if (this.first < this.stop && end > this.stop) end = this.stop;
    this.end = Math.min(end, this.first + maxBytes);
    return true;
  }

  read(number: number, length: number, target: Uint8Array, to: number): void {
    this.ring.read(number, length, target, to);
  }

  /** What `next` chose has left as `transmission`. */
  handleSent(transmission: Transmission): void {
    const { first, end } = this;
    transmission.first = first;
    transmission.end = end;
    transmission.isRepeat = this.isRepeat;
    if (this.isRepeat) this.lost.remove(first, end);
    else this.fresh = end;
    this.underWay.add(transmission);
  }

  // What became of it

  /** The peer takes numbers below `limit`; an older word does not count. */
  handleLimit(limit: number): void {
    this.limit = Math.max(this.limit, limit);
  }

  /** The first transmission under way that reaches beyond `number`, or null. */
  firstFrom(number: number): Transmission | null {
    return this.underWay.firstFrom(number);
  }

  /** Numbers [from, to) arrived: what was to be repeated of them is not. The transmissions are the caller's to remove. */
  handleArrived(from: number, to: number): void {
    if (this.lost.size > 0) this.lost.remove(from, to);
  }

  remove(transmission: Transmission): void {
    this.underWay.remove(transmission);
  }

  /** `transmission` did not arrive (it is removed already). */
  handleLost(transmission: Transmission): void {
    this.lost.add(transmission.first, transmission.end);
    this.avoid = transmission.way?.id ?? -1;
  }

  /** After removals: everything below the lowest that is not known to have arrived has arrived. Gives memory back. */
  advance(): void {
    const underWay = this.underWay.lowest?.first ?? this.fresh;
    const lost = this.lost.size === 0 ? this.fresh : this.lost.start(0);
    this.base = Math.min(underWay, lost);
    if (this.base >= this.written && this.stop >= 0) this.release();
  }

  /** Everything under way, for whoever ends the channel. */
  get lowestUnderWay(): Transmission | null {
    return this.underWay.lowest;
  }

  /** Nothing waits and nobody needs the memory soon. */
  releaseIfEmpty(): void {
    if (this.waitingBytes <= 0) this.release();
  }

  release(): void {
    this.backlog.add(-this.ring.capacity);
    this.ring.release();
  }

  /** Everything has arrived as far as anybody will ever know. */
  finish(): void {
    this.lost.clear();
    this.fresh = this.total;
    this.base = this.total;
  }

  get heldBytes(): number {
    return this.ring.capacity;
  }
}
