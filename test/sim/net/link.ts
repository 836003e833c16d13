/** One direction of a link: delay, jitter, loss, bursts, duplication, reordering, rate and queue, MTU, blackhole. */
import type { EventQueue } from '../clock.ts';
import type { Random } from '../random.ts';
import type { Datagram } from './datagram.ts';

export interface LinkSettings {
  /** One way, ms. */
  readonly delayMs: number;
  /** Up to so much more, evenly spread. Without `reorder` the order stays. */
  readonly jitterMs: number;
  /** 0..1, each datagram on its own. */
  readonly loss: number;
  /** Gilbert-Elliott: in the bad state everything is lost. Chances per datagram; null = never. */
  readonly burst: { readonly enter: number; readonly leave: number } | null;
  /** 0..1: arrives a second time, up to `reorderMs` later. */
  readonly duplicate: number;
  /** 0..1: is overtaken by what was sent up to `reorderMs` later. */
  readonly reorder: number;
  readonly reorderMs: number;
  /** 0 = without limit. */
  readonly kilobitsPerSecond: number;
  /** What waits behind the rate; more is lost. */
  readonly queueBytes: number;
  /** Largest IP packet; larger ones vanish. There is no ICMP: the sockets ignore it (IP_PMTUDISC_PROBE). */
  readonly mtuBytes: number;
  /** Takes everything, delivers nothing, tells nobody. */
  readonly blackhole: boolean;
}

export const CLEAN_LINK: LinkSettings = {
  delayMs: 10,
  jitterMs: 0,
  loss: 0,
  burst: null,
  duplicate: 0,
  reorder: 0,
  reorderMs: 5,
  kilobitsPerSecond: 0,
  queueBytes: 128 * 1024,
  mtuBytes: 1500,
  blackhole: false,
};

/** Outer IP and UDP headers. */
export function packetBytes(datagram: Datagram): number {
  return datagram.bytes.length + (datagram.to >= 2 ** 48 ? 48 : 28);
}

export class Link {
  private isBursting = false;
  private freeMs = 0;
  private lastArrivalMs = 0;
  /** Of what it duplicated, the copies. */
  copiedBytes = 0;

  constructor(
    private readonly queue: EventQueue,
    private readonly random: Random,
    public settings: LinkSettings,
  ) {}

  send(datagram: Datagram, deliver: (datagram: Datagram) => void): void {
    const { settings, random } = this;
    if (settings.blackhole || packetBytes(datagram) > settings.mtuBytes || this.isLost()) return;
    const leavesMs = this.leaves(packetBytes(datagram));
    if (leavesMs < 0) return;
    const isLate = random.chance(settings.reorder);
    let arrivalMs = leavesMs + settings.delayMs + random.fraction() * settings.jitterMs;
    if (isLate) arrivalMs += random.fraction() * settings.reorderMs;
    else arrivalMs = this.lastArrivalMs = Math.max(arrivalMs, this.lastArrivalMs);
    this.queue.at(arrivalMs, () => deliver(datagram));
    if (!random.chance(settings.duplicate)) return;
    this.copiedBytes += packetBytes(datagram);
    this.queue.at(arrivalMs + random.fraction() * settings.reorderMs, () => deliver(datagram));
  }

  private isLost(): boolean {
    const { burst, loss } = this.settings;
    if (burst !== null) {
      if (this.random.chance(this.isBursting ? burst.leave : burst.enter)) this.isBursting = !this.isBursting;
      if (this.isBursting) return true;
    }
    return this.random.chance(loss);
  }

  /** When the last bit is on the wire; -1 = the queue is full. */
  private leaves(bytes: number): number {
    const { kilobitsPerSecond, queueBytes } = this.settings;
    const now = this.queue.nowMs;
    if (kilobitsPerSecond === 0) return now;
    const startMs = Math.max(now, this.freeMs);
    const waitingBytes = ((startMs - now) * kilobitsPerSecond) / 8;
    if (waitingBytes + bytes > queueBytes) return -1;
    this.freeMs = startMs + (bytes * 8) / kilobitsPerSecond;
    return this.freeMs;
  }
}
