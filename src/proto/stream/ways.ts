/** The ways of an association: which path carries the next packet, when one may, and what they say together. */
import type { Carrier } from './carrier.ts';
import type { Transmission } from './transmission.ts';
import { Way } from './way.ts';

const WAYS = 8;
/** A packet that is lost thrice holds up for four round trips what came after it; a window is two. */
const BACKLOG_WINDOWS = 4;
/** Added to the round trip of a way that is better avoided. */
const AVOIDED_MS = 1e6;

type Lose = (transmission: Transmission) => void;

export class Ways {
  private readonly ways: (Way | null)[] = new Array(WAYS).fill(null);
  /** Paths that carry now. */
  private carrying = 0;

  constructor(private readonly carrier: Carrier) {}

  get isCarrying(): boolean {
    return this.carrying !== 0;
  }

  get lostPackets(): number {
    return this.ways.reduce((sum, way) => sum + (way?.lostPackets ?? 0), 0);
  }

  /** Bytes worth holding back for a stream. */
  get backlogBytes(): number {
    let window = 0;
    for (const way of this.ways) if (way !== null && this.carries(way.id)) window += way.bbr.windowBytes;
    return BACKLOG_WINDOWS * window;
  }

  /** The longest that counts. */
  get rttMs(): number {
    let rttMs = 0;
    for (let id = 0; id < WAYS; id++) {
      if (!this.carries(id)) continue;
      rttMs = Math.max(rttMs, this.ways[id]?.rtt.smoothedMs ?? 0, this.carrier.rttMs(id) ?? 0);
    }
    return rttMs;
  }

  /** What carries has changed: gives what is under way to nowhere to `lose`. */
  handlePathsChanged(lose: Lose): void {
    const { copies, spread } = this.carrier;
    const carrying = copies | spread;
    // Copies on a path that stays may still arrive.
    const mayArrive = (copies & this.carrying) !== 0;
    for (const way of this.ways) {
      if (way === null || mayArrive || (carrying & (1 << way.id)) !== 0) continue;
      for (let each = way.first; each !== null; each = way.first) lose(each);
    }
    this.carrying = carrying;
  }

  /** An acknowledgement is counted: gives what it proves to be lost to `lose`. */
  settle(now: number, lose: Lose): void {
    for (const way of this.ways) if (way?.settle(now)) loseOverdue(way, now, lose);
  }

  /** Gives what is overdue to `lose`. */
  handleTimeouts(now: number, lose: Lose): void {
    for (const way of this.ways) {
      if (way === null || way.isIdle) continue;
      loseOverdue(way, now, lose);
      let count = way.pollProbe(now);
      for (let each = way.first; each !== null && count > 0; each = way.first, count--) lose(each);
    }
  }

  /** When `handleTimeouts` is due. */
  get timeoutMs(): number {
    let due = Number.POSITIVE_INFINITY;
    for (const way of this.ways) if (way !== null) due = Math.min(due, way.timeoutMs);
    return due;
  }

  /** The fastest way with room, another than path `avoid` if there is one; null = none has room. */
  choose(avoid: number, now: number): Way | null {
    let best: Way | null = null;
    let bestRttMs = Number.POSITIVE_INFINITY;
    for (let id = 0; id < WAYS; id++) {
      if (!this.isCandidate(id)) continue;
      const way = this.way(id);
      const pathRttMs = this.carrier.rttMs(id);
      if (!way.mayFill(pathRttMs, now)) continue;
      const rttMs = (way.rtt.smoothedMs ?? pathRttMs ?? 0) + (id === avoid ? AVOIDED_MS : 0);
      if (best !== null && rttMs >= bestRttMs) continue;
      best = way;
      bestRttMs = rttMs;
    }
    return best;
  }

  /** When `choose` may give one, as far as time decides it. */
  get openMs(): number {
    let openMs = Number.POSITIVE_INFINITY;
    for (let id = 0; id < WAYS; id++)
      if (this.isCandidate(id)) openMs = Math.min(openMs, this.way(id).openMs(this.carrier.rttMs(id)));
    return openMs;
  }

  /** There was nothing more to send. */
  handleAppLimited(): void {
    for (const way of this.ways) if (way !== null && this.isCandidate(way.id)) way.handleAppLimited();
  }

  /** The path for what no congestion control counts. */
  get fastest(): number {
    const { carrier } = this;
    if (carrier.spread === 0) return carrier.leader;
    let best = -1;
    let bestRttMs = Number.POSITIVE_INFINITY;
    for (let id = 0; id < WAYS; id++) {
      if ((carrier.spread & (1 << id)) === 0) continue;
      const rttMs = carrier.rttMs(id) ?? Number.POSITIVE_INFINITY;
      if (best >= 0 && rttMs >= bestRttMs) continue;
      best = id;
      bestRttMs = rttMs;
    }
    return best;
  }

  /** A path whose pace decides: one of those that packets are spread over, or the one that leads the copies. */
  private isCandidate(id: number): boolean {
    const { spread, copies, leader } = this.carrier;
    return spread !== 0 ? (spread & (1 << id)) !== 0 : copies !== 0 && id === leader;
  }

  private carries(id: number): boolean {
    return (this.carrying & (1 << id)) !== 0;
  }

  private way(id: number): Way {
    this.ways[id] ??= new Way(id);
    return this.ways[id];
  }
}

function loseOverdue(way: Way, now: number, lose: Lose): void {
  for (let each = way.nextLost(now); each !== null; each = way.nextLost(now)) lose(each);
}
