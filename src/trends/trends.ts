/**
 * The past minutes of a daemon, a sample each second. Every series is a ring of the same length; they are filled in step, so that
 * one number tells the moment in all of them. A peer or path that is not in a sample has a gap there, and is forgotten when the
 * ring has turned once without it.
 */
import { randomUUID } from 'node:crypto';
import type { Sample } from '../engine/messages.ts';
import type { TrendsAnswer, TrendsRequest } from './answer.ts';
import { SeriesGroup } from './series.ts';
import { PeerTrack, TRAFFIC, TrafficRates } from './tracks.ts';

export const PERIOD_MS = 1_000;
const TOTAL = { ...TRAFFIC, connected: 0 };

/** The bounds: ten minutes; of a busy server's clients those that do most, 5 KiB each; their paths all together, 20 KiB each. */
const LIMITS = { capacity: 600, maxPeers: 128, maxPaths: 256 };

export interface TrendsClock {
  /** Goes on while the machine sleeps. */
  bootMs(): number;
  wallMs(): number;
}

export class Trends {
  readonly #run = randomUUID();
  readonly #clock: TrendsClock;
  readonly #limits: typeof LIMITS;
  readonly #peers = new Map<string, PeerTrack>();
  readonly #total: SeriesGroup<keyof typeof TOTAL>;
  readonly #rates = new TrafficRates();
  readonly #times: Float64Array;
  /** Number of the next sample. */
  #next = 0;
  #last: Sample | null = null;
  /** The engine's clock at the last sample that there was. */
  #atMs = 0;

  constructor(clock: TrendsClock, limits: Partial<typeof LIMITS> = {}) {
    this.#clock = clock;
    this.#limits = { ...LIMITS, ...limits };
    this.#total = new SeriesGroup(this.#limits.capacity, TOTAL);
    this.#times = new Float64Array(this.#limits.capacity);
  }

  /** Null: the engine did not answer. */
  push(sample: Sample | null): void {
    const at = this.#next++;
    this.#times[at % this.#limits.capacity] = this.#clock.bootMs();
    this.#last = sample;
    if (sample === null) this.#total.put(at, {});
    else this.#add(at, sample);
    for (const [name, peer] of this.#peers) {
      if (peer.seenAt <= at - this.#limits.capacity) this.#peers.delete(name);
      else peer.fillGaps(at);
    }
  }

  answer({ from = 0, last = this.#limits.capacity, peer: wanted }: TrendsRequest): TrendsAnswer {
    const { capacity } = this.#limits;
    const to = this.#next;
    const first = Math.min(to, Math.max(from, to - Math.min(last, capacity), 0));
    const here = new Set(this.#last?.peers.filter((peer) => peer.isConnected).map(({ name }) => name));
    const isOnly = this.#peers.size === 1;
    return {
      run: this.#run,
      periodMs: PERIOD_MS,
      capacity,
      first,
      atMs: Array.from({ length: to - first }, (_, i) => Math.round(this.#times[(first + i) % capacity])),
      epochMs: Math.round(this.#clock.wallMs() - this.#clock.bootMs()),
      connectedCount: this.#last?.connectedCount ?? 0,
      peerCount: this.#last?.peerCount ?? 0,
      total: this.#total.slice(first, to),
      peers: [...this.#peers].map(([name, peer]) =>
        peer.answer(name, first, to, isOnly || name === wanted, here.has(name)),
      ),
    };
  }

  #add(at: number, sample: Sample): void {
    const elapsedMs = sample.atMs - this.#atMs;
    this.#atMs = sample.atMs;
    this.#total.put(at, { ...this.#rates.next(sample, elapsedMs), connected: sample.connectedCount });
    for (const peer of sample.peers) this.#track(peer.name)?.push(at, peer, elapsedMs, () => this.#hasRoom());
  }

  /** Undefined when there are too many and all of them are in use. */
  #track(name: string): PeerTrack | undefined {
    const known = this.#peers.get(name);
    if (known !== undefined) return known;
    if (this.#peers.size >= this.#limits.maxPeers && !this.#forgetOldest()) return undefined;
    const track = new PeerTrack(this.#limits.capacity);
    this.#peers.set(name, track);
    return track;
  }

  #hasRoom(): boolean {
    let count = 0;
    for (const { pathCount } of this.#peers.values()) count += pathCount;
    return count < this.#limits.maxPaths || this.#forgetOldest();
  }

  /** The peer that has been away longest; false when all were there a moment ago. */
  #forgetOldest(): boolean {
    const [oldest] = [...this.#peers].sort(([, a], [, b]) => a.seenAt - b.seenAt);
    return oldest[1].seenAt < this.#next - 2 && this.#peers.delete(oldest[0]);
  }
}
