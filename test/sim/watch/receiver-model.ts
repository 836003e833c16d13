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
  readonly arrivedMs: number;
  /** Was held while there were so many that some may have been forgotten. */
  mayBeForgotten: boolean;
}

/** An inner packet that comes out of a datagram; `certain` false: it may. */
export interface Expected {
  readonly id: number;
  readonly certain: boolean;
}

export class ReceiverModel {
  private readonly keys = new Map<KeyRecord, OpenKey>();
  /** By sealing end: pieces of one association carry numbers of one counter. */
  private readonly pieces = new Map<string, Map<number, HeldPiece>>();

  handleInstalled(key: KeyRecord, now: number): void {
    for (const [old, { installedMs }] of this.keys) if (now - installedMs >= LIFE_MS) this.keys.delete(old);
    this.keys.set(key, { installedMs: now, lastMs: now, top: -1, seen: new Set() });
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
      if (!piece.continued && !piece.notFirst) expected.push({ id: piece.id, certain: isInside });
      else this.join(piece, sealed.by, isInside, now, expected);
    }
    return expected;
  }

  private join(piece: Piece, sender: string, isInside: boolean, now: number, expected: Expected[]): void {
    const held = this.held(sender);
    this.expire(held, now);
    held.set(piece.number, { ...piece, arrivedMs: now, mayBeForgotten: !isInside });
    if (held.size > CERTAIN_PIECES) for (const other of held.values()) other.mayBeForgotten = true;
    const chain = chainOf(held, piece.number);
    const [first, last] = [chain[0], chain[chain.length - 1]];
    if (first.notFirst || last.continued) return;
    for (const part of chain) held.delete(part.number);
    const bytes = chain.reduce((sum, part) => sum + part.length, 0);
    if (bytes <= REASSEMBLED_MAX_BYTES)
      expected.push({ id: first.id, certain: !chain.some((part) => part.mayBeForgotten) });
  }

  /** A piece that waited too long takes what came of its packet with it. */
  private expire(held: Map<number, HeldPiece>, now: number): void {
    for (const piece of held.values()) {
      if (now - piece.arrivedMs <= REASSEMBLY_MS) continue;
      for (const part of chainOf(held, piece.number)) held.delete(part.number);
    }
  }

  private held(sender: string): Map<number, HeldPiece> {
    let held = this.pieces.get(sender);
    if (held === undefined) {
      held = new Map();
      this.pieces.set(sender, held);
    }
    return held;
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
