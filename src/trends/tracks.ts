/** The series of one peer and of each of its paths. */
import type { PathSample, PeerSample } from '../engine/messages.ts';
import { pathLabel } from '../metrics/path-label.ts';
import type { PathTrend, PeerTrend } from './answer.ts';
import { Rate, SeriesGroup } from './series.ts';

/** Figures with the digits that matter. */
export const TRAFFIC = { sent: 0, received: 0 };
const PATH = { level: 0, rttMs: 2, lossOut: 4, lossIn: 4, ...TRAFFIC, first: 1, saved: 1 };

const LEVELS = { up: 2, suspect: 1, down: 0, validating: 0, unknown: 0 } as const;

export class TrafficRates {
  private readonly sent = new Rate();
  private readonly received = new Rate();

  next({ sentBytes, receivedBytes }: { sentBytes: number; receivedBytes: number }, elapsedMs: number) {
    return {
      sent: this.sent.next(sentBytes, elapsedMs),
      received: this.received.next(receivedBytes, elapsedMs),
    };
  }
}

export class PeerTrack {
  /** Number of the last sample it was in. */
  seenAt = 0;
  private readonly traffic: SeriesGroup<keyof typeof TRAFFIC>;
  private readonly rates = new TrafficRates();
  private readonly paths = new Map<string, PathTrack>();
  private last: PeerSample | null = null;

  constructor(private readonly capacity: number) {
    this.traffic = new SeriesGroup(capacity, TRAFFIC);
  }

  get pathCount(): number {
    return this.paths.size;
  }

  /** `mayAdd` is asked before a path that is new. */
  push(at: number, sample: PeerSample, elapsedMs: number, mayAdd: () => boolean): void {
    this.last = sample;
    this.seenAt = at;
    this.traffic.put(at, this.rates.next(sample, elapsedMs));
    for (const path of sample.paths) {
      const label = pathLabel(path);
      let track = this.paths.get(label);
      if (track === undefined && mayAdd()) {
        track = new PathTrack(this.capacity, path);
        this.paths.set(label, track);
      }
      track?.push(at, path, elapsedMs);
    }
  }

  /** To be called for each sample: what was not in it has a gap, and what was not in any of the ring is forgotten. */
  fillGaps(at: number): void {
    if (this.seenAt < at) this.traffic.put(at, {});
    for (const [label, track] of this.paths) {
      if (track.seenAt <= at - this.capacity) this.paths.delete(label);
      else track.fillGap(at);
    }
  }

  answer(name: string, first: number, to: number, withPaths: boolean, isConnected: boolean): PeerTrend {
    return {
      name,
      address: this.last?.address ?? null,
      isConnected,
      streamCount: isConnected ? (this.last?.streamCount ?? 0) : 0,
      columns: this.traffic.slice(first, to),
      paths: [...this.paths].map(([label, track]) => track.answer(label, withPaths ? first : to, to)),
    };
  }
}

class PathTrack {
  seenAt = 0;
  private readonly series: SeriesGroup<keyof typeof PATH>;
  private readonly rates = new TrafficRates();
  private readonly first = new Rate();
  private readonly saved = new Rate();

  constructor(
    capacity: number,
    private last: PathSample,
  ) {
    this.series = new SeriesGroup(capacity, PATH);
  }

  push(at: number, sample: PathSample, elapsedMs: number): void {
    this.last = sample;
    this.seenAt = at;
    const level = LEVELS[sample.state];
    const whileUsable = (value: number | null) => (level === 0 ? null : value);
    this.series.put(at, {
      level,
      rttMs: whileUsable(sample.rttMs),
      lossOut: whileUsable(sample.lossOut),
      lossIn: whileUsable(sample.lossIn),
      ...this.rates.next(sample, elapsedMs),
      first: this.first.next(sample.firstArrivals, elapsedMs),
      saved: this.saved.next(sample.savedPackets, elapsedMs),
    });
  }

  fillGap(at: number): void {
    if (this.seenAt < at) this.series.put(at, {});
  }

  answer(name: string, first: number, to: number): PathTrend {
    const { last, seenAt } = this;
    return { name, isOpen: seenAt === to - 1, last, columns: this.series.slice(first, to) };
  }
}
