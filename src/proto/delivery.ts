/**
 * What came in datagrams on its way to TUN: each packet in its turn, put together out of its pieces, to TUN, to another client, or
 * nowhere. A packet that is whole and in order is handed on in the row it came in; any other through a row of `deliveries`.
 */
import type { Association } from './association/association.ts';
import type { CoreContext } from './core-context.ts';
import { type PacketBatch, Verdict } from './packet-batch.ts';
import type { Path } from './path/path.ts';
import { REASSEMBLED_MAX_BYTES } from './receive/reassembly.ts';
import type { Reorder } from './receive/reorder.ts';
import { Unit } from './receive/unit.ts';
import type { Routes } from './routes.ts';
import { LANES } from './wire/interior.ts';
import { checkIp } from './wire/ip.ts';

/** Numbers of interior packets count per session and lane, `NO_LANE` included. */
const ORIGINS_PER_SESSION = 2 * LANES;

export class Delivery {
  /** What waited and may go now. */
  private readonly released = new Unit();

  constructor(
    private readonly context: CoreContext,
    private readonly owner: { readonly routes: Routes },
  ) {}

  /** The row is one whole IP packet, which `unit` describes: handed on where it stands, unless others go before it. */
  takeRow(
    association: Association,
    path: Path | null,
    unit: Unit,
    batch: PacketBatch,
    row: number,
    now: number,
  ): void {
    if (!unit.isOrdered) {
      this.route(association, batch, row, now);
      return;
    }
    const reorder = association.reorder ?? association.beginOrder(now);
    if (this.context.deliveries.count > 0 || reorder.held > 0) this.order(association, path, unit, now);
    else if (reorder.accept(unit.lane, unit.number, path?.id ?? -1, now))
      this.route(association, batch, row, now);
    else this.hold(association, reorder, unit, now);
  }

  /** An IP packet among other interior packets, or a piece of one. */
  take(association: Association, path: Path | null, unit: Unit, now: number): void {
    if (unit.isOrdered) this.order(association, path, unit, now);
    else this.deliver(association, unit, now);
  }

  /** What waited long enough. To be called when `Reorder.dueMs` is over. */
  releaseOrdered(association: Association, now: number): void {
    if ((association.reorder?.held ?? 0) === 0) return;
    for (let lane = 0; lane < LANES; lane++) this.release(association, lane, now);
  }

  private order(association: Association, path: Path | null, unit: Unit, now: number): void {
    const reorder = association.reorder ?? association.beginOrder(now);
    if (!reorder.accept(unit.lane, unit.number, path?.id ?? -1, now)) {
      this.hold(association, reorder, unit, now);
      return;
    }
    this.deliver(association, unit, now);
    this.release(association, unit.lane, now);
  }

  /** What finds no room is handed on behind what waits in its lane, whatever is missing between. */
  private hold(association: Association, reorder: Reorder, unit: Unit, now: number): void {
    this.context.wake(association);
    if (reorder.hold(unit, now)) {
      this.release(association, unit.lane, now);
      return;
    }
    reorder.giveUp(unit.lane, unit.number);
    this.release(association, unit.lane, now);
    this.deliver(association, unit, now);
  }

  /** Hands on what may go, as far as there is room until the next turn. */
  private release(association: Association, lane: number, now: number): void {
    const { reorder } = association;
    const { deliveries } = this.context;
    if (reorder === null || reorder.held === 0) return;
    while (deliveries.hasRoom(REASSEMBLED_MAX_BYTES) && reorder.poll(lane, this.released, now))
      this.deliver(association, this.released, now);
  }

  /** In its turn: a whole packet, or a piece that may be the last one missing. */
  private deliver(association: Association, unit: Unit, now: number): void {
    if (unit.isWhole) {
      this.deliverCopy(association, unit.bytes, unit.offset, unit.length, unit.packetFlags, now);
      return;
    }
    const { reassembly } = association;
    const { dropped } = reassembly;
    const origin = unit.sessionId * ORIGINS_PER_SESSION + unit.lane;
    if (reassembly.add(origin, unit, now))
      this.deliverCopy(
        association,
        reassembly.packet,
        0,
        reassembly.packetLength,
        reassembly.packetFlags,
        now,
      );
    this.context.drops.add('reassembly', reassembly.dropped - dropped);
  }

  private deliverCopy(
    association: Association,
    bytes: Uint8Array,
    at: number,
    length: number,
    flags: number,
    now: number,
  ): void {
    const { deliveries, drops } = this.context;
    const row = deliveries.append(length);
    if (row < 0) {
      drops.add('batch-full');
      return;
    }
    deliveries.arena.set(bytes.subarray(at, at + length), deliveries.offset[row]);
    deliveries.flags[row] = flags;
    this.route(association, deliveries, row, now);
  }

  private route(association: Association, batch: PacketBatch, row: number, now: number): void {
    const { arena, offset, length } = batch;
    if (checkIp(arena, offset[row], length[row]) === 0) {
      this.context.drops.add('bad-packet');
      return;
    }
    const target = this.owner.routes.inbound(association, arena, offset[row]);
    if (typeof target === 'string') {
      this.context.drops.add(target);
      return;
    }
    association.handlePacketIn(length[row], now);
    if (target === null) batch.verdict[row] = Verdict.DELIVER;
    else target.sender.sendCopy(arena, offset[row], length[row], batch.flags[row], now);
  }
}
