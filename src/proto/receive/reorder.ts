/**
 * Puts packets that were spread over several paths in order again, lane by lane. A packet that comes before its predecessor
 * waits until that is there or lost. It is lost when the sender says that the lane went over one path (a path does not reorder),
 * when every path that carries packets in order has brought a later one, or when it is later than the paths differ. What is late all the same is handed on at once: never
 * dropped, never waited for twice.
 */
import { PATHS_PER_PEER } from '../packet-batch.ts';
import type { Path } from '../path/path.ts';
import { isUsable } from '../path/path-state.ts';
import { IpFlags, LANES } from '../wire/interior.ts';
import { NO_SLOT, ORDER_SLOT_BYTES, OrderStore, type SlotBudget } from './order-store.ts';
import type { Unit } from './unit.ts';

/** A path carries packets in order so long after the last one. */
const CARRIES_MS = 2_000;
/** Bounds of the time that a packet waits: what timers and batches blur, and what a conversation hardly forgives. */
const MIN_WAIT_MS = 5;
const MAX_WAIT_MS = 400;
/** A lane that was silent for so long begins anew: its sender may have, too. */
const LANE_SILENT_MS = 1_000;
/** Numbers further apart than this do not belong together. */
const MAX_DISTANCE = 1 << 14;
/** So many late packets in a row, and none in order: the sender began anew. */
const STALE_PACKETS = 32;
/** Memory is given back after so long without need. */
const IDLE_MS = 10_000;
/** In `sinceMs`: whatever the lane holds goes out, of numbers that count no more. */
const GIVEN_UP = Number.NEGATIVE_INFINITY;

export class Reorder {
  /** Packets that waited for earlier ones. */
  heldPackets = 0;
  /** Packets that came after later ones had been handed on. */
  latePackets = 0;
  /** Gaps that were not filled in time. */
  gaps = 0;

  private store: OrderStore | null = null;
  private lastHeldMs = 0;
  private waitMs = MIN_WAIT_MS;
  // Of each lane.
  private readonly next = new Int32Array(LANES);
  private readonly heardMs = new Float64Array(LANES).fill(Number.NEGATIVE_INFINITY);
  private readonly late = new Uint8Array(LANES);
  /** When the first packet came that waits for the present gap. */
  private readonly sinceMs = new Float64Array(LANES);
  /** Highest number that each path brought, and a bit for each path that brought any. */
  private readonly highest = new Int32Array(LANES * PATHS_PER_PEER);
  private readonly brought = new Uint8Array(LANES);
  /** When each path last brought anything in order. */
  private readonly carriedMs = new Float64Array(PATHS_PER_PEER).fill(Number.NEGATIVE_INFINITY);

  constructor(private readonly budget: SlotBudget) {}

  /** Packets that wait now. */
  get held(): number {
    return this.store?.count ?? 0;
  }

  /** How much the paths differ follows from what is known of them. To be called when that changes. */
  measure(paths: readonly (Path | null)[], now: number): void {
    let slowest = 0;
    let fastest = Number.POSITIVE_INFINITY;
    // One path that carries, and a sender that speaks of others: any of them.
    const isFirst = this.countCarrying(now) < 2;
    for (const path of paths) {
      if (path === null || !isUsable(path.state) || path.isBackup || path.isExhausted) continue;
      if (!isFirst && !this.carries(path.id, now)) continue;
      slowest = Math.max(slowest, (path.rtt.smoothedMs ?? 0) + 2 * path.rtt.variationMs);
      fastest = Math.min(fastest, path.outflow.load.baseRttMs);
    }
    const skewMs = Number.isFinite(fastest) ? slowest - fastest : 0;
    this.waitMs = Math.min(MAX_WAIT_MS, Math.max(MIN_WAIT_MS, skewMs));
  }

  /** A packet of the lane came over path `pathId` (-1 = none that is known). True = it is to be handed on now. */
  accept(lane: number, number: number, pathId: number, now: number): boolean {
    if (now - this.heardMs[lane] > LANE_SILENT_MS && this.isEmpty(lane)) this.begin(lane, number);
    this.heardMs[lane] = now;
    this.note(lane, number, pathId, now);
    const ahead = (number - this.next[lane]) | 0;
    if (ahead === 0) {
      this.next[lane] = number + 1;
      this.late[lane] = 0;
      return true;
    }
    if (ahead < 0) return this.acceptLate(lane, number, ahead);
    if (ahead > MAX_DISTANCE) {
      this.begin(lane, number + 1);
      return true;
    }
    return false;
  }

  /** Copies the packet that was not accepted. False = it is too long, or there is no room even after others went. */
  hold(unit: Unit, now: number): boolean {
    const { lane, number, bytes, offset, length } = unit;
    if (length > ORDER_SLOT_BYTES) return false;
    this.store ??= new OrderStore(this.budget);
    if (this.isEmpty(lane)) this.sinceMs[lane] = now;
    const slot = this.store.put(lane, number, bytes, offset, length, now);
    if (slot === NO_SLOT) return false;
    this.store.sessionId[slot] = unit.sessionId;
    this.store.ipFlags[slot] = unit.ipFlags;
    this.store.continued[slot] = unit.continued ? 1 : 0;
    this.lastHeldMs = now;
    this.heldPackets++;
    return true;
  }

  /** True when a packet of the lane may go: `unit` describes it, until the next `hold`. */
  poll(lane: number, unit: Unit, now: number): boolean {
    const { store } = this;
    const slot = store?.head(lane) ?? NO_SLOT;
    if (store === null || slot === NO_SLOT) return false;
    const number = store.number[slot];
    const isGivenUp = this.sinceMs[lane] === GIVEN_UP;
    if (!isGivenUp && ((number - this.next[lane]) | 0) > 0) {
      if (!this.isLost(lane, now)) return false;
      this.gaps++;
    }
    if (!isGivenUp) this.next[lane] = number + 1;
    store.shift(lane);
    const offset = slot * ORDER_SLOT_BYTES;
    const isContinued = store.continued[slot] === 1;
    unit.set(
      store.sessionId[slot],
      number,
      isContinued,
      store.ipFlags[slot],
      store.bytes,
      offset,
      store.length[slot],
    );
    const head = store.head(lane);
    if (head !== NO_SLOT && !isGivenUp)
      this.sinceMs[lane] =
        store.number[head] === this.next[lane] ? store.heldMs[head] : store.earliestMs(lane);
    return true;
  }

  /** There is no room: `poll` hands out all that the lane holds, and `number` and what follows come after it. */
  giveUp(lane: number, number: number): void {
    const highest = this.store?.highest(lane, number) ?? number;
    this.sinceMs[lane] = GIVEN_UP;
    this.next[lane] = highest + 1;
    this.gaps++;
  }

  /** When `poll` has something that time alone brought; Infinity = never. */
  get dueMs(): number {
    if (this.held === 0) return Number.POSITIVE_INFINITY;
    let since = Number.POSITIVE_INFINITY;
    for (let lane = 0; lane < LANES; lane++)
      if (!this.isEmpty(lane)) since = Math.min(since, this.sinceMs[lane]);
    return since + this.waitMs;
  }

  /** Gives memory back that nobody needs; to be called now and then. */
  expire(now: number): void {
    if (this.store === null || this.store.count > 0 || now - this.lastHeldMs < IDLE_MS) return;
    this.close();
  }

  /** Forgets what is held. */
  close(): void {
    this.store?.close();
    this.store = null;
  }

  private isEmpty(lane: number): boolean {
    return this.store === null || this.store.head(lane) === NO_SLOT;
  }

  private begin(lane: number, number: number): void {
    this.sinceMs[lane] = GIVEN_UP;
    this.next[lane] = number;
    this.brought[lane] = 0;
    this.late[lane] = 0;
  }

  private acceptLate(lane: number, number: number, ahead: number): boolean {
    this.latePackets++;
    if (ahead < -MAX_DISTANCE || ++this.late[lane] >= STALE_PACKETS) this.begin(lane, number + 1);
    return true;
  }

  private note(lane: number, number: number, pathId: number, now: number): void {
    if (pathId < 0) return;
    this.carriedMs[pathId] = now;
    const at = lane * PATHS_PER_PEER + pathId;
    const bit = 1 << pathId;
    if ((this.brought[lane] & bit) !== 0 && ((number - this.highest[at]) | 0) <= 0) return;
    this.brought[lane] |= bit;
    this.highest[at] = number;
  }

  private isLost(lane: number, now: number): boolean {
    if (now - this.sinceMs[lane] >= this.waitMs || !this.isSplit(lane)) return true;
    const wanted = this.next[lane];
    if (this.countCarrying(now) < 2) return false;
    for (let id = 0; id < PATHS_PER_PEER; id++) {
      if (!this.carries(id, now)) continue;
      if ((this.brought[lane] & (1 << id)) === 0) return false;
      if (((this.highest[lane * PATHS_PER_PEER + id] - wanted) | 0) <= 0) return false;
    }
    return true;
  }

  private isSplit(lane: number): boolean {
    const { store } = this;
    return store !== null && (store.ipFlags[store.head(lane)] & IpFlags.SPLIT) !== 0;
  }

  private countCarrying(now: number): number {
    let count = 0;
    for (let id = 0; id < PATHS_PER_PEER; id++) if (this.carries(id, now)) count++;
    return count;
  }

  private carries(pathId: number, now: number): boolean {
    return now - this.carriedMs[pathId] <= CARRIES_MS;
  }
}
