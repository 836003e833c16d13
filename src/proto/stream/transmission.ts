/**
 * One packet of a stream under way: which numbers, over which way, since when. It stands in two lists at once: that of its
 * way, in the order of sending, and that of its stream, in the order of numbers. Used again and again, never made per packet.
 */
import type { DeliveryStamp } from './bbr.ts';
import type { Stream } from './stream.ts';
import type { Way } from './way.ts';

export class Transmission implements DeliveryStamp {
  stream: Stream | null = null;
  way: Way | null = null;
  first = 0;
  /** Exclusive. */
  end = 0;
  /** As counted by congestion control, header included. */
  bytes = 0;
  /** The numbers had been sent before. */
  isRepeat = false;

  sentMs = 0;
  deliveredBytes = 0;
  deliveredMs = 0;
  firstSentMs = 0;
  isAppLimited = false;

  olderOfWay: Transmission | null = null;
  newerOfWay: Transmission | null = null;
  lowerOfHalf: Transmission | null = null;
  higherOfHalf: Transmission | null = null;
}

const MAX_FREE = 8_192;

/** Transmissions at rest. Bounded by what was under way at once. */
export class TransmissionPool {
  private readonly free: Transmission[] = [];

  take(): Transmission {
    return this.free.pop() ?? new Transmission();
  }

  put(transmission: Transmission): void {
    transmission.stream = null;
    transmission.way = null;
    if (this.free.length < MAX_FREE) this.free.push(transmission);
  }
}
