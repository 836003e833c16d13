/** IP packets on their way out of one association: over the paths that are chosen for each, whole or in pieces, or held until there is one. */
import { IpChannel, wholePacketBytes } from '../channel/ip-channel.ts';
import type { CoreContext } from '../core-context.ts';
import { type PacketBatch, PacketFlags, Verdict } from '../packet-batch.ts';
import { withinAllowances } from '../path/allowance.ts';
import type { Path } from '../path/path.ts';
import { rank, usablePaths } from '../policy/ranking.ts';
import type { Session } from '../session/session.ts';
import { UNORDERED } from '../wire/interior.ts';
import type { Association } from './association.ts';
import { HoldQueue } from './hold-queue.ts';

export class PacketSender {
  sentPackets = 0;
  sentBytes = 0;
  private readonly channel: IpChannel;
  private readonly hold = new HoldQueue();
  /** Largest inner packet that travels whole over all paths in use. */
  private wholeBytes = 0;
  /** The same over every path that could carry one, in use or not. */
  private wholeElsewhereBytes = 0;
  /** Some path is metered. */
  private isLimited = false;
  /** Then: every path that could carry a packet, the best first. */
  private carriers: readonly Path[] = [];

  constructor(
    private readonly context: CoreContext,
    private readonly association: Association,
  ) {
    this.channel = new IpChannel(context.isServer);
  }

  get heldPackets(): number {
    return this.hold.length;
  }

  get holdOverflows(): number {
    return this.hold.overflowed;
  }

  get fragmentsSent(): number {
    return this.channel.fragmentsSent;
  }

  /** The row covers an IP packet with headroom: it becomes a datagram, is sent in pieces, or is held. */
  send(batch: PacketBatch, row: number, now: number): void {
    const { association } = this;
    const { steering } = association;
    association.handlePacket(now);
    const session = association.current;
    if (session === null || steering.mask === 0 || !session.canSend) {
      this.holdRow(batch, row, now);
      batch.verdict[row] = Verdict.DROP;
      return;
    }
    const length = batch.length[row];
    session.carriedPackets = true;
    this.sentPackets++;
    this.sentBytes += length;
    let pathMask = steering.plainMask;
    let order = UNORDERED;
    if (pathMask < 0) {
      pathMask = steering.choose(batch.arena, batch.offset[row], length, now);
      order = steering.order;
      if (steering.wantsAnswer) {
        steering.wantsAnswer = false;
        this.context.wake(association);
      }
    }
    if (this.isLimited) {
      pathMask = this.affordable(pathMask, length);
      if (pathMask === 0) {
        this.context.drops.add('over-budget');
        batch.verdict[row] = Verdict.DROP;
        return;
      }
    }
    const isSole = association.resender.isSole(pathMask, now);
    const wholeBytes = (pathMask & ~steering.mask) === 0 ? this.wholeBytes : this.wholeElsewhereBytes;
    if (length > wholeBytes) {
      this.sendInPieces(session, batch, row, wholeBytes, pathMask, isSole ? PacketFlags.SOLE : 0, order);
      batch.verdict[row] = Verdict.DROP;
      return;
    }
    this.channel.wrap(batch, row, order);
    if (isSole) batch.flags[row] |= PacketFlags.SOLE;
    batch.peer[row] = association.slot;
    batch.train[row] = -1;
    batch.pathMask[row] = pathMask;
    session.stamp(batch, row);
  }

  /** The same for a packet that stands elsewhere: it is copied into the outbox first. */
  sendCopy(bytes: Uint8Array, offset: number, length: number, flags: number, now: number): void {
    const outbox = this.context.outbox;
    const row = outbox.begin(length);
    if (row < 0) {
      this.context.drops.add('batch-full');
      return;
    }
    outbox.batch.arena.set(bytes.subarray(offset, offset + length), outbox.batch.offset[row]);
    outbox.batch.flags[row] = flags;
    this.send(outbox.batch, row, now);
  }

  /** Something is new about the paths, or which of them are used. */
  handlePathsChanged(): void {
    const { paths, steering } = this.association;
    this.isLimited = paths.some((path) => path?.allowance.isLimited);
    this.carriers = this.isLimited ? rank(usablePaths(paths), null) : [];
    let datagramBytes = Number.POSITIVE_INFINITY;
    for (const path of paths)
      if (path !== null && (steering.mask & (1 << path.id)) !== 0)
        datagramBytes = Math.min(datagramBytes, path.datagramBytes);
    this.wholeBytes = steering.mask === 0 ? 0 : wholePacketBytes(datagramBytes);
    for (const path of this.carriers) datagramBytes = Math.min(datagramBytes, path.datagramBytes);
    this.wholeElsewhereBytes = steering.mask === 0 ? 0 : wholePacketBytes(datagramBytes);
  }

  /** Of the chosen paths those that can pay for the packet; where none can, another one, were it a backup. */
  private affordable(chosen: number, length: number): number {
    const { paths } = this.association;
    let mask = withinAllowances(paths, chosen, length);
    for (let i = 0; mask === 0 && i < this.carriers.length; i++) {
      const own = 1 << this.carriers[i].id;
      if ((chosen & own) === 0) mask = withinAllowances(paths, own, length);
    }
    return mask;
  }

  /** There is a path again: what was held leaves in its order. */
  release(now: number): void {
    this.expire(now);
    for (const held of this.hold.drain()) this.sendCopy(held.bytes, 0, held.bytes.length, held.flags, now);
  }

  /** Packets held for too long go. */
  expire(now: number): void {
    this.context.drops.add('hold-expired', this.hold.expire(now));
  }

  get expiryMs(): number {
    return this.hold.nextExpiryMs;
  }

  private sendInPieces(
    session: Session,
    batch: PacketBatch,
    row: number,
    piece: number,
    mask: number,
    rowFlags: number,
    order: number,
  ): void {
    const { outbox, drops } = this.context;
    const { arena, offset: at, length, flags } = batch;
    if (
      !this.channel.split(
        arena,
        at[row],
        length[row],
        flags[row],
        piece,
        outbox,
        session,
        mask,
        rowFlags,
        order,
      )
    )
      drops.add('batch-full');
  }

  private holdRow({ arena, offset, length, flags }: PacketBatch, row: number, now: number): void {
    if (this.hold.length === 0) this.context.wake(this.association);
    const bytes = arena.subarray(offset[row], offset[row] + length[row]);
    this.context.drops.add('hold-overflow', this.hold.push(bytes, flags[row], now));
  }
}
