/**
 * What comes in on a channel: put in order by number (see `send-half.ts`), kept until the application takes it, never more than
 * the window that the peer was told. The window grows while the application keeps up and there is budget.
 */
import { ByteRing } from './byte-ring.ts';
import { type Budget, INITIAL_WINDOW_BYTES, MAX_RANGES, MAX_WINDOW_BYTES } from './limits.ts';
import { RangeSet } from './range-set.ts';

/** What came reaches so far into the window while the application keeps up: soon the window would hold the peer back. */
const GROW_ABOVE = 3 / 4;
/** So it would when half of it is used up within so many round trips. */
const GROW_WITHIN_RTTS = 2;

export type Arrival = 'new' | 'known' | 'beyond';

export class ReceiveHalf {
  private readonly ring = new ByteRing();
  /** Numbers that arrived. */
  readonly arrived = new RangeSet();
  /** Next byte for the application. */
  private taken = 1;
  /** Behind the highest byte in the ring. */
  private usedEnd = 1;
  private stop = -1;
  private window = INITIAL_WINDOW_BYTES;
  private told = 1 + INITIAL_WINDOW_BYTES;
  private toldMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly budget: Budget) {}

  /** The limit to tell: numbers below it are taken. */
  get limit(): number {
    return this.told;
  }

  /** Everything before the first hole has arrived. */
  private get contiguous(): number {
    return this.arrived.size > 0 && this.arrived.start(0) === 0 ? this.arrived.end(0) : 0;
  }

  get readableBytes(): number {
    const end = this.stop >= 0 ? Math.min(this.contiguous, this.stop) : this.contiguous;
    return Math.max(0, end - this.taken);
  }

  get receivedBytes(): number {
    return this.taken - 1 + this.readableBytes;
  }

  get hasStarted(): boolean {
    return this.arrived.has(0);
  }

  /** The application has everything, and nothing follows. */
  get isEnded(): boolean {
    return this.stop >= 0 && this.taken === this.stop && this.hasStarted;
  }

  /** Everything arrived, the stop included. */
  get isComplete(): boolean {
    return this.stop >= 0 && this.contiguous > this.stop;
  }

  /** True when packets overtook each other. */
  get hasHoles(): boolean {
    return this.arrived.size > 1;
  }

  handleStart(): Arrival {
    return this.arrived.add(0, 1) > 0 ? 'new' : 'known';
  }

  /** `bytes[at .. at + length)` are the numbers from `first` on. */
  handleData(first: number, bytes: Uint8Array, at: number, length: number): Arrival {
    const end = first + length;
    if (first < 1) return 'beyond';
    if (length === 0 || end <= this.taken) return 'known';
    if (end > this.told || (this.stop >= 0 && end > this.stop)) return 'beyond';
    if (this.arrived.size >= MAX_RANGES && !this.arrived.touches(first, end)) return 'beyond';
    if (this.arrived.add(first, end) === 0) return 'known';
    const from = Math.max(first, this.taken);
    this.ring.reserve(this.taken, this.usedEnd, end);
    this.usedEnd = Math.max(this.usedEnd, end);
    this.ring.write(from, bytes, at + from - first, end - from);
    return 'new';
  }

  /** 'beyond' when bytes behind it have arrived, or it was said to be elsewhere. */
  handleStop(number: number): Arrival {
    if (this.stop === number) return 'known';
    const { arrived } = this;
    const last = arrived.size > 0 ? arrived.end(arrived.size - 1) : 0;
    if (this.stop >= 0 || number < 1 || last > number) return 'beyond';
    this.stop = number;
    arrived.add(number, number + 1);
    return 'new';
  }

  /** The next bytes as they stand together; empty = none. They stay until `take`. */
  peek(): Uint8Array | null {
    const bytes = this.readableBytes;
    return bytes === 0 ? null : this.ring.view(this.taken, bytes);
  }

  /** The application has `bytes` more. */
  take(bytes: number): void {
    this.taken += bytes;
  }

  /** True when there is a new limit that the peer should hear of. `rttMs`: to judge its haste. */
  pollLimit(rttMs: number, now: number): boolean {
    if (this.stop >= 0) return false;
    const isReached = this.usedEnd > this.told - (1 - GROW_ABOVE) * this.window;
    const isHalfUsed = this.told - this.taken <= this.window / 2;
    if (isReached && this.readableBytes < this.window / 4 && this.grow()) return this.tell(now);
    if (!isHalfUsed) return false;
    if (now - this.toldMs < GROW_WITHIN_RTTS * rttMs) this.grow();
    return this.tell(now);
  }

  private tell(now: number): true {
    this.told = this.taken + this.window;
    this.toldMs = now;
    return true;
  }

  private grow(): boolean {
    const more = Math.min(this.window, MAX_WINDOW_BYTES - this.window);
    if (more <= 0 || !this.budget.take(more)) return false;
    this.window += more;
    return true;
  }

  /** Nothing is in it: the memory goes. */
  releaseIfEmpty(): void {
    if (this.usedEnd <= this.taken) this.ring.release();
  }

  release(): void {
    this.ring.release();
    this.budget.add(INITIAL_WINDOW_BYTES - this.window);
    this.window = INITIAL_WINDOW_BYTES;
  }

  get heldBytes(): number {
    return this.ring.capacity;
  }
}
