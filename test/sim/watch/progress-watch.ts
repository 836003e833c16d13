/**
 * Progress: once a client that wants to talk has had one good path for `GRACE_MS`, packets come through in both directions.
 * What is good is read from the world itself, not from what the cores think of it.
 */
import type { InnerPacket } from '../ledger.ts';
import { Violation } from './violation.ts';

/** From the return of a path under traffic to the first packet over it, with room for 20 % loss. */
export const GRACE_MS = 8_000;
/** So many packets in a row over so long a time may be lost to chance. */
const UNLUCKY_PACKETS = 24;
const UNLUCKY_MS = 4_000;
/** A pause of this length ends a burst: afterwards the paths may have gone to sleep. */
const PAUSE_MS = 2_000;

/** From the first good path to an address, idle clients included: they ask at least every ten seconds. */
const ASSIGNED_MS = 30_000;

class Stream {
  burstMs = 0;
  lastMs = Number.NEGATIVE_INFINITY;
  missing = 0;
  missingSinceMs = 0;
}

export class ProgressWatch {
  private isAssigned = false;
  private goodSinceMs = Number.POSITIVE_INFINITY;
  private readonly streams = new Map<string, Stream>();
  /** The client's own traffic opens NATs and wakes probes: what comes down depends on it. */
  private readonly up = new Stream();

  constructor(private readonly name: string) {}

  /** To be called at every change in the world. */
  setGood(isGood: boolean, nowMs: number): void {
    if (!isGood) this.goodSinceMs = Number.POSITIVE_INFINITY;
    else if (this.goodSinceMs === Number.POSITIVE_INFINITY) this.goodSinceMs = nowMs;
  }

  /** Something happened that costs a handshake although no path was lost. */
  disturb(nowMs: number): void {
    if (this.goodSinceMs !== Number.POSITIVE_INFINITY) this.goodSinceMs = nowMs;
  }

  /** The client has an address: everything else follows from its packets. */
  noteAssigned(): void {
    this.isAssigned = true;
  }

  /** To be called now and then: a client without an address has no packets that could be missed. */
  check(nowMs: number): void {
    if (this.isAssigned || nowMs - this.goodSinceMs < ASSIGNED_MS) return;
    throw new Violation(
      'progress',
      `${this.name} has no address after ${ASSIGNED_MS / 1000} s with a good path`,
    );
  }

  noteOffered(packet: InnerPacket, direction: 'up' | 'down'): void {
    const now = packet.offeredMs;
    const stream = this.stream(packet, direction);
    noteBurst(stream, now);
    if (direction === 'up') noteBurst(this.up, now);
    const isAwake = now - this.up.lastMs < PAUSE_MS;
    const sinceMs = Math.max(this.goodSinceMs, stream.burstMs, this.up.burstMs);
    if (!isAwake || now - sinceMs < GRACE_MS) {
      stream.missing = 0;
      return;
    }
    if (stream.missing++ === 0) stream.missingSinceMs = now;
    if (stream.missing <= UNLUCKY_PACKETS || now - stream.missingSinceMs < UNLUCKY_MS) return;
    const good = Math.round((now - this.goodSinceMs) / 1000);
    throw new Violation(
      'progress',
      `${this.name} ${direction}: ${stream.missing} packets in a row lost, good path for ${good} s`,
    );
  }

  noteDelivered(packet: InnerPacket, direction: 'up' | 'down'): void {
    this.stream(packet, direction).missing = 0;
  }

  /** Large packets may be lost where small ones are not: each size class on its own. */
  private stream(packet: InnerPacket, direction: 'up' | 'down'): Stream {
    const key = `${direction} ${packet.length > 500 ? 'large' : 'small'}`;
    let stream = this.streams.get(key);
    if (stream === undefined) {
      stream = new Stream();
      this.streams.set(key, stream);
    }
    return stream;
  }
}

function noteBurst(stream: Stream, now: number): void {
  if (now - stream.lastMs > PAUSE_MS) stream.burstMs = now;
  stream.lastMs = now;
}
