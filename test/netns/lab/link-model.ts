/**
 * One direction of a link as a pure model: packets go in with the time, arrival times come out.
 * No clock, no device: the emulator gives it frames, tests give it numbers.
 */
import { type LinkSettings, PLAIN_LINK } from './link-settings.ts';
import type { Random } from './random.ts';

export interface LinkCounters {
  offered: number;
  lost: number;
  blackholed: number;
  /** Larger than the link's MTU. */
  tooLarge: number;
  /** Found the queue of a rate-limited link full. */
  queueDropped: number;
  duplicated: number;
  reordered: number;
}

const ETHERNET_HEADER_BYTES = 14;

export class LinkModel {
  settings: LinkSettings = PLAIN_LINK;
  readonly counters: LinkCounters = {
    offered: 0,
    lost: 0,
    blackholed: 0,
    tooLarge: 0,
    queueDropped: 0,
    duplicated: 0,
    reordered: 0,
  };
  /** Arrival times of the copies of the last packet offered, milliseconds; the first `copies` count. */
  readonly arrivals = new Float64Array(2);
  readonly #random: Random;
  #inBurst = false;
  /** When the transmitter is free again. */
  #freeAtMs = 0;
  /** The latest arrival so far: jitter must not reorder. */
  #lastArrivalMs = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Decides over a frame of `frameBytes` that enters at `nowMs`; returns its copies, 0..2, times in `arrivals`. */
  offer(nowMs: number, frameBytes: number): number {
    this.counters.offered += 1;
    if (this.#vanishes(frameBytes)) return 0;
    const sentMs = this.#transmit(nowMs, frameBytes);
    if (sentMs < 0) return 0;
    const { duplicate, reorder, reorderMs, delayMs, jitterMs } = this.settings;
    const jitter = jitterMs > 0 ? this.#random() * jitterMs : 0;
    const arrival = Math.max(sentMs + delayMs + jitter, this.#lastArrivalMs);
    if (this.#happens(reorder)) {
      this.counters.reordered += 1;
      this.arrivals[0] = arrival + reorderMs;
    } else {
      this.arrivals[0] = this.#lastArrivalMs = arrival;
    }
    if (!this.#happens(duplicate)) return 1;
    this.counters.duplicated += 1;
    this.arrivals[1] = this.arrivals[0];
    return 2;
  }

  /** Changes take effect on the next packet; those under way keep their time, and order holds only among later ones. */
  change(settings: Partial<LinkSettings>): void {
    this.settings = { ...this.settings, ...settings };
    this.#lastArrivalMs = 0;
    this.#freeAtMs = 0;
  }

  #vanishes(frameBytes: number): boolean {
    const { blackhole, mtuBytes, loss, burstEnter, burstLeave } = this.settings;
    if (blackhole) return this.#count('blackholed');
    if (frameBytes - ETHERNET_HEADER_BYTES > mtuBytes) return this.#count('tooLarge');
    if (this.#inBurst) this.#inBurst = burstEnter > 0 && !this.#happens(burstLeave);
    else this.#inBurst = this.#happens(burstEnter);
    return (this.#inBurst || this.#happens(loss)) && this.#count('lost');
  }

  #count(reason: 'blackholed' | 'tooLarge' | 'lost'): true {
    this.counters[reason] += 1;
    return true;
  }

  /** When the last bit has left the transmitter, or -1 when the queue is full. */
  #transmit(nowMs: number, frameBytes: number): number {
    const { rateBitsPerSecond, queueBytes } = this.settings;
    if (rateBitsPerSecond === 0) return nowMs;
    const bytesPerMs = rateBitsPerSecond / 8000;
    const startMs = Math.max(nowMs, this.#freeAtMs);
    if ((startMs - nowMs) * bytesPerMs + frameBytes > queueBytes) {
      this.counters.queueDropped += 1;
      return -1;
    }
    this.#freeAtMs = startMs + frameBytes / bytesPerMs;
    return this.#freeAtMs;
  }

  #happens(probability: number): boolean {
    return probability > 0 && this.#random() < probability;
  }
}
