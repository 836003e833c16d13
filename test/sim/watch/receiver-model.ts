/**
 * What a living end must make of the datagrams that reach it: a description that is slow and obviously right. Per key a set
 * of the numbers seen; pieces in a map by number.
 */
import type { Sealed } from '../net/datagram.ts';
import type { Piece } from './interior.ts';
import type { KeyRecord } from './key-book.ts';

/** PROTOCOL.md §6: below the first a datagram counts, beyond the second it does not; in between the skew decides. */
const WINDOW_PACKETS = 65_536;
const WINDOW_MAX_PACKETS = 1_048_576;
const SILENT_MS = 180_000;
const LIFE_MS = 3_900_000;
/** PROTOCOL.md §3. */
const REASSEMBLY_MS = 1_000;
/** How long a piece in a lane may wait for its turn, and a little. */
const TURN_MS = 430;
const REASSEMBLED_MAX_BYTES = 2_000;
/** Well below the stated bounds in packets and bytes (64, 256 KiB): above it which packet is forgotten is not ours to say. */
const CERTAIN_PIECES = 40;

interface OpenKey {
  readonly installedMs: number;
  lastMs: number;
  top: number;
  readonly seen: Set<number>;
}

interface HeldPiece extends Piece {
  arrivedMs: number;
  /** Was held while there were so many that some may have been forgotten. */
  mayBeForgotten: boolean;
}

/** An inner packet that comes out of a datagram; `certain` false: it may. */
export interface Expected {
  readonly id: number;
  readonly certain: boolean;
  /** The piece that brought it: a packet in a lane may wait for its turn. */
  readonly last: Piece;
}

export class ReceiverModel {
  private readonly keys = new Map<KeyRecord, OpenKey>();
  /** Pieces of different sessions never belong together. */
  private readonly pieces = new Map<KeyRecord, Map<number, HeldPiece>[]>();

  handleInstalled(key: KeyRecord, now: number): void {
    for (const [old, { installedMs }] of this.keys)
      if (now - installedMs >= LIFE_MS) {
        this.keys.delete(old);
        this.pieces.delete(old);
      }
    this.keys.set(key, { installedMs: now, lastMs: now, top: -1, seen: new Set() });
  }

  /** The clock leaps: pieces may have aged at once, or wait for their turn and begin to age behind the leap. */
  handleLeap(leapMs: number): void {
    for (const lanes of this.pieces.values())
      for (const held of lanes)
        for (const piece of held?.values() ?? []) {
          piece.arrivedMs += leapMs;
          piece.mayBeForgotten = true;
        }
  }

  /** The process ended: keys and pieces are gone. */
  clear(): void {
    this.keys.clear();
    this.pieces.clear();
  }

  /** The inner packets that this copy brings; null = it must be ignored. */
  handle(sealed: Sealed, now: number): Expected[] | null {
    const key = this.keys.get(sealed.key);
    if (key === undefined || now - key.lastMs >= SILENT_MS || now - key.installedMs >= LIFE_MS) return null;
    const behind = key.top - sealed.number;
    if (key.seen.has(sealed.number) || behind >= WINDOW_MAX_PACKETS) return null;
    const isInside = behind < WINDOW_PACKETS;
    key.seen.add(sealed.number);
    key.top = Math.max(key.top, sealed.number);
    key.lastMs = now;
    const expected: Expected[] = [];
    for (const piece of sealed.pieces) {
      if (!piece.continued && !piece.notFirst)
        expected.push({ id: piece.id, certain: isInside, last: piece });
      else this.join(piece, sealed.key, isInside, now, expected);
    }
    return expected;
  }

  private join(piece: Piece, key: KeyRecord, isInside: boolean, now: number, expected: Expected[]): void {
    // Numbers count in each lane for itself.
    const held = this.held(key, piece.lane);
    for (const lanes of this.pieces.values()) for (const each of lanes) if (each) this.expire(each, now);
    held.set(piece.number, { ...piece, arrivedMs: now, mayBeForgotten: !isInside });
    if (this.heldPieces > CERTAIN_PIECES)
      for (const lanes of this.pieces.values())
        for (const others of lanes) for (const other of others?.values() ?? []) other.mayBeForgotten = true;
    const chain = chainOf(held, piece.number);
    const [first, last] = [chain[0], chain[chain.length - 1]];
    if (first.notFirst || last.continued) return;
    for (const part of chain) held.delete(part.number);
    const bytes = chain.reduce((sum, part) => sum + part.length, 0);
    if (bytes <= REASSEMBLED_MAX_BYTES)
      expected.push({ id: first.id, certain: !chain.some((part) => part.mayBeForgotten), last: piece });
  }

  /** A piece that waited too long takes what came of its packet with it. */
  private expire(held: Map<number, HeldPiece>, now: number): void {
    for (const piece of held.values()) {
      const ageMs = now - piece.arrivedMs;
      // What waits for its turn first begins to age later, and what it waits for may be older by then.
      const turnMs = piece.lane < 0 ? 0 : TURN_MS;
      if (turnMs > 0 && ageMs > REASSEMBLY_MS - turnMs) piece.mayBeForgotten = true;
      if (ageMs <= REASSEMBLY_MS + turnMs) continue;
      for (const part of chainOf(held, piece.number)) held.delete(part.number);
    }
  }

  private get heldPieces(): number {
    let count = 0;
    for (const lanes of this.pieces.values()) for (const held of lanes) count += held?.size ?? 0;
    return count;
  }

  private held(key: KeyRecord, lane: number): Map<number, HeldPiece> {
    let lanes = this.pieces.get(key);
    if (lanes === undefined) {
      lanes = [];
      this.pieces.set(key, lanes);
    }
    lanes[lane + 1] ??= new Map();
    return lanes[lane + 1];
  }
}

/** The run of neighbours in number that belong to one packet, in order. */
function chainOf(held: Map<number, HeldPiece>, number: number): HeldPiece[] {
  const chain = [held.get(number) as HeldPiece];
  for (;;) {
    const before = held.get((chain[0].number - 1) >>> 0);
    if (!chain[0].notFirst || before === undefined || !before.continued) break;
    chain.unshift(before);
  }
  for (;;) {
    const last = chain[chain.length - 1];
    const after = held.get((last.number + 1) >>> 0);
    if (!last.continued || after === undefined || !after.notFirst) break;
    chain.push(after);
  }
  return chain;
}
