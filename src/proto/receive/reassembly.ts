/**
 * Puts IP packets together that travelled in pieces: consecutive packet numbers, `continued` on all but the last piece,
 * `not first` on all but the first. PROTOCOL.md §3. Pieces come in any order, twice, or never.
 *
 * Neighbours in number that came in one session belong together when the lower one is continued and the higher one not first; a packet is
 * complete when such a chain runs from a first piece to a last one. Whatever a peer sends, the limits below hold: what
 * they push out is forgotten as whole chains, oldest first.
 */
import { NONE, PieceStore } from './piece-store.ts';
import type { Unit } from './unit.ts';

/** PROTOCOL.md §3: incomplete packets (their bytes are bounded by the slots of `PieceStore`). */
const MAX_PACKETS = 64;
/** PROTOCOL.md §3: how long the oldest piece of a packet waits. */
const MAX_AGE_MS = 1_000;
/** PROTOCOL.md §3: longest packet that comes out. */
export const REASSEMBLED_MAX_BYTES = 2_000;
/** A sender needs 2, over the smallest IPv4 path 4; bounds the walk along a chain. */
const MAX_PIECES = 16;
/** Memory is given back when no piece came for so long: thousands of clients fragment now and then, few all the time. */
const IDLE_MS = 10_000;

const NO_PACKET = new Uint8Array(0);

export class Reassembly {
  /** The packet that `add` completed, from byte 0; overwritten by the next one. */
  packet: Uint8Array = NO_PACKET;
  packetLength = 0;
  /** `PacketFlags` of its first piece. */
  packetFlags = 0;
  /** Packets that came out. */
  completed = 0;
  /** Pieces that were of no use: malformed, or forgotten before their packet was complete. */
  dropped = 0;
  /** Pieces that were held already. */
  duplicates = 0;
  /** Null until the first piece: an association that never sees one holds nothing. */
  private store: PieceStore | null = null;
  /** Chains in the store: packets under way. */
  private packets = 0;
  private lastAddedMs = 0;

  /** Pieces that wait. */
  get heldPieces(): number {
    return this.store?.count ?? 0;
  }

  /**
   * Takes a piece (copied), whose number counts within `origin` (which names session and lane). True when that completes a packet:
   * `packet`, `packetLength` and `packetFlags` hold it until the next call.
   */
  add(origin: number, unit: Unit, now: number): boolean {
    const store = this.open(now);
    const { bytes, offset, length } = unit;
    const number = unit.number >>> 0;
    if (length < 1 || length > REASSEMBLED_MAX_BYTES) {
      this.dropped++;
      return false;
    }
    if (store.find(origin, number) !== NONE) {
      this.duplicates++;
      return false;
    }
    if (store.isFull) this.forget(store, store.oldest);
    const slot = store.put(number, bytes, offset, length, now);
    store.origin[slot] = origin;
    store.continued[slot] = unit.continued ? 1 : 0;
    store.notFirst[slot] = unit.notFirst ? 1 : 0;
    store.packetFlags[slot] = unit.packetFlags;
    return this.join(store, slot);
  }

  /** Forgets what waited too long and gives memory back. To be called every few seconds; `add` does the former itself. */
  expire(now: number): void {
    const { store } = this;
    if (store === null) return;
    while (store.count > 0 && now - store.arrivedMs[store.oldest] > MAX_AGE_MS) {
      this.forget(store, store.oldest);
    }
    if (now - this.lastAddedMs > IDLE_MS) {
      this.store = null;
      this.packet = NO_PACKET;
    }
  }

  private open(now: number): PieceStore {
    this.expire(now);
    this.lastAddedMs = now;
    if (this.store === null) {
      this.store = new PieceStore();
      this.packet = new Uint8Array(REASSEMBLED_MAX_BYTES);
    }
    return this.store;
  }

  /** Looks at the chain that the new piece in `slot` is part of. */
  private join(store: PieceStore, slot: number): boolean {
    const isJoined = Number(lower(store, slot) !== NONE) + Number(upper(store, slot) !== NONE);
    this.packets += 1 - isJoined;
    const first = firstOf(store, slot);
    let last = first;
    let pieces = 1;
    let length = store.length[first];
    for (let next = upper(store, first); next !== NONE; next = upper(store, next)) {
      last = next;
      pieces++;
      length += store.length[next];
    }
    if (pieces > MAX_PIECES || length > REASSEMBLED_MAX_BYTES) this.forget(store, first);
    else if (!store.notFirst[first] && !store.continued[last]) return this.complete(store, first);
    else if (this.packets > MAX_PACKETS) this.forget(store, store.oldest);
    return false;
  }

  private complete(store: PieceStore, first: number): boolean {
    this.packetFlags = store.packetFlags[first];
    this.packetLength = 0;
    for (let slot = first; slot !== NONE; slot = upper(store, slot)) {
      this.packetLength += store.copy(slot, this.packet, this.packetLength);
    }
    this.completed++;
    this.remove(store, first);
    return true;
  }

  private forget(store: PieceStore, slot: number): void {
    this.dropped += this.remove(store, firstOf(store, slot));
  }

  /** Takes out the chain that starts with `first`; returns its pieces. */
  private remove(store: PieceStore, first: number): number {
    this.packets--;
    let pieces = 0;
    for (let slot = first; slot !== NONE; pieces++) {
      const next = upper(store, slot);
      store.remove(slot);
      slot = next;
    }
    return pieces;
  }
}

function firstOf(store: PieceStore, slot: number): number {
  let first = slot;
  for (let below = lower(store, first); below !== NONE; below = lower(store, first)) first = below;
  return first;
}

/** The piece before, when it is there and belongs to the same packet. */
function lower(store: PieceStore, slot: number): number {
  if (!store.notFirst[slot]) return NONE;
  const below = store.find(store.origin[slot], (store.packetNumber[slot] - 1) >>> 0);
  return below !== NONE && store.continued[below] ? below : NONE;
}

/** The piece after, likewise. */
function upper(store: PieceStore, slot: number): number {
  if (!store.continued[slot]) return NONE;
  const above = store.find(store.origin[slot], (store.packetNumber[slot] + 1) >>> 0);
  return above !== NONE && store.notFirst[above] ? above : NONE;
}
