/**
 * Packets that travel in lanes (PROTOCOL.md §3): what waits for its turn comes out within a stated time, and nothing comes out
 * behind a later packet of its lane unless it arrived when that was out already.
 */
import { Violation } from './violation.ts';

/** PROTOCOL.md §3, and what timers and batches add. */
const WAIT_MS = 400;
const SLACK_MS = 30;
/** Entries of packets that never come out, because nobody knows where they should, go after this. */
const FORGET_MS = 60_000;

interface Waiting {
  readonly lane: string;
  readonly number: number;
  readonly arrivedMs: number;
  /** It has to come out. */
  readonly certain: boolean;
}

export class OrderWatch {
  /** Packets in lanes that came out, and those of them that came out behind a later one. */
  handedOn = 0;
  behind = 0;
  private waiting = new Map<number, Waiting>();
  /** By lane: the highest number that came out, and when. */
  private readonly highest = new Map<string, { number: number; atMs: number }>();

  constructor(private readonly name: string) {}

  /** A packet of that lane of `sender` came in; it may go on in the same turn. */
  handleArrived(
    id: number,
    sender: string,
    lane: number,
    number: number,
    certain: boolean,
    nowMs: number,
  ): void {
    if (!this.waiting.has(id))
      this.waiting.set(id, { lane: `${sender}/${lane}`, number, arrivedMs: nowMs, certain });
  }

  /** True when the packet came in a lane and waits. */
  has(id: number): boolean {
    return this.waiting.has(id);
  }

  /** It came out. */
  handleHandedOn(id: number, nowMs: number): void {
    const packet = this.waiting.get(id);
    if (packet === undefined) return;
    this.waiting.delete(id);
    this.handedOn++;
    const highest = this.highest.get(packet.lane);
    const isBehind = highest !== undefined && ((packet.number - highest.number) | 0) < 0;
    if (!isBehind) this.highest.set(packet.lane, { number: packet.number, atMs: nowMs });
    else this.behind++;
    if (isBehind && packet.arrivedMs < highest.atMs)
      throw new Violation('in-order', `${this.name}: packet ${id} waited and came out behind a later one`);
  }

  /** The machine is no longer what it was when they came: it slept, its session ended, its process is another. */
  excuse(): void {
    for (const [id, packet] of this.waiting) this.waiting.set(id, { ...packet, certain: false });
  }

  /** To be called after every turn and now and then. */
  check(nowMs: number): void {
    for (const [id, { certain, arrivedMs }] of this.waiting) {
      const ageMs = nowMs - arrivedMs;
      // The oldest stand first.
      if (ageMs <= WAIT_MS + SLACK_MS) return;
      if (certain) throw new Violation('handed-on', `${this.name}: packet ${id} waits for ${ageMs} ms`);
      if (ageMs > FORGET_MS) this.waiting.delete(id);
    }
  }

  clear(): void {
    this.waiting = new Map();
    this.highest.clear();
  }
}
