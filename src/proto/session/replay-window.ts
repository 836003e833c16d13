/**
 * The sliding window over packet numbers of one session: new, seen already, or too old to tell. One bit per packet in a
 * ring; memory starts at 64 bytes and doubles as the numbers climb, with the verdicts of a full-size window from the
 * start. After RFC 6479, but exact to the bit.
 */

export const WindowVerdict = { NEW: 0, DUPLICATE: 1, OLD: 2 } as const;
export type WindowVerdict = (typeof WindowVerdict)[keyof typeof WindowVerdict];

/** Up to 64 bytes lie within the array's own object: an idle session never needs more. */
const FIRST_BITS = 512;
/** 128 KiB per session at most: 0.6 s of skew at 15 Gbit/s of full packets. */
export const WINDOW_MAX_BITS = 1_048_576;

export class ReplayWindow {
  private highest = -1;
  /** Packet numbers the window spans, a power of two. */
  private span: number;
  /** Everything below is old, whatever the span says: `grow` cannot know what was marked there. */
  private floor = 0;
  private words = new Uint32Array(FIRST_BITS / 32);
  /** Bits in `words` (a power of two), minus 1. */
  private ringMask = FIRST_BITS - 1;
  /** Highest packet number that the ring takes as it is: with all of the span in memory, any. */
  private ringEnd: number;

  /** `maxBits` is rounded up to a power of two, between 512 and `WINDOW_MAX_BITS`. */
  constructor(maxBits = 65_536) {
    this.span = powerOfTwo(maxBits);
    this.ringEnd = this.endOfRing();
  }

  /** Highest packet number marked; -1 before the first. */
  get top(): number {
    return this.highest;
  }

  /** What `mark` would find, changing nothing: cheap enough to ask before a datagram is opened. */
  check(packetNumber: number): WindowVerdict {
    if (packetNumber > this.highest) return WindowVerdict.NEW;
    if (packetNumber < this.floor || this.highest - packetNumber >= this.span) return WindowVerdict.OLD;
    // ToInt32 takes any number up to 2^53 modulo 2^32: masks are right for all of them.
    const seen = this.words[(packetNumber & this.ringMask) >>> 5] & (1 << (packetNumber & 31));
    return seen === 0 ? WindowVerdict.NEW : WindowVerdict.DUPLICATE;
  }

  /** Enters the number of an authentic datagram (0..2^53 - 1); false when it was seen already or is too old. */
  mark(packetNumber: number): boolean {
    if (packetNumber === this.highest + 1 && packetNumber <= this.ringEnd) {
      // In order, as nearly always: a bit that is set needs no clearing.
      this.highest = packetNumber;
    } else if (packetNumber > this.highest) {
      this.advance(packetNumber);
    } else if (this.check(packetNumber) !== WindowVerdict.NEW) {
      return false;
    }
    this.words[(packetNumber & this.ringMask) >>> 5] |= 1 << (packetNumber & 31);
    return true;
  }

  /** Widens the window (it never narrows) to at least `bits`, at most `WINDOW_MAX_BITS`. What is old by now stays old. */
  grow(bits: number): void {
    const span = powerOfTwo(bits);
    if (span <= this.span) return;
    this.floor = Math.max(this.floor, this.highest - this.span + 1);
    this.span = span;
    this.ringEnd = this.endOfRing();
  }

  private endOfRing(): number {
    return this.ringMask + 1 >= this.span ? Number.MAX_SAFE_INTEGER : this.floor + this.ringMask;
  }

  /** Moves the window up: the numbers that are jumped over have not been seen. */
  private advance(packetNumber: number): void {
    if (packetNumber > this.ringEnd) this.enlarge(packetNumber);
    const { words, ringMask } = this;
    if (packetNumber - this.highest > ringMask) words.fill(0);
    else {
      for (let at = this.highest + 1; at < packetNumber; at += runLength(at, packetNumber)) {
        words[(at & ringMask) >>> 5] &= ~runBits(at, packetNumber);
      }
    }
    this.highest = packetNumber;
  }

  /** Makes room for `packetNumber`, or for the whole span; until now the ring held everything from the floor on. */
  private enlarge(packetNumber: number): void {
    const bits = Math.min(this.span, powerOfTwo(packetNumber - this.floor + 1));
    const words = new Uint32Array(bits / 32);
    const end = this.highest + 1;
    for (let at = this.floor; at < end; at += runLength(at, end)) {
      words[(at & (bits - 1)) >>> 5] |= this.words[(at & this.ringMask) >>> 5] & runBits(at, end);
    }
    this.words = words;
    this.ringMask = bits - 1;
    this.ringEnd = this.endOfRing();
  }
}

/** Bits from `at` to the end of its word or to `end`. */
function runLength(at: number, end: number): number {
  return Math.min(32 - (at & 31), end - at);
}

/** The mask of that run within its word. */
function runBits(at: number, end: number): number {
  return (-1 >>> (32 - runLength(at, end))) << (at & 31);
}

function powerOfTwo(bits: number): number {
  let power = FIRST_BITS;
  while (power < bits && power < WINDOW_MAX_BITS) power *= 2;
  return power;
}
