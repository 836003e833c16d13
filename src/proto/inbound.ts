/**
 * From the wire to TUN, in packet order:
 *
 *   1. sort      by type; handshake messages leave the packet path here
 *   2. find      the session by its id; what the duplicate window knows is dropped before it is decrypted
 *   3. open      the driver, over the whole batch
 *   4. mark      the window; only now is anything believed
 *   5. account   the path it came over
 *   6. dispatch  interior packets: commands, IP packets (whole or pieces, in order or as they come)
 *   7. route     to TUN, to another client, or nowhere
 *   8. write     the driver, over the whole batch
 */
import type { Association } from './association/association.ts';
import { isWholePacket } from './channel/ip-channel.ts';
import { Claims } from './claims.ts';
import type { CoreContext } from './core-context.ts';
import {
  ADDRESS_WORDS,
  DATAGRAM_HEADER_BYTES,
  IP_INTERIOR_BYTES,
  type PacketBatch,
  PacketFlags,
  TAG_BYTES,
  Verdict,
} from './packet-batch.ts';
import type { Path } from './path/path.ts';
import { REASSEMBLED_MAX_BYTES } from './receive/reassembly.ts';
import type { Routes } from './routes.ts';
import { WindowVerdict } from './session/replay-window.ts';
import type { Session } from './session/session.ts';
import { DatagramType } from './wire/datagram.ts';
import { readU32 } from './wire/integers.ts';
import {
  COMMAND_CHANNEL,
  InteriorReader,
  IP_CHANNEL,
  IP_INTERIOR_NUMBER,
  IpFlags,
  LANES,
  laneOf,
} from './wire/interior.ts';
import { checkIp } from './wire/ip.ts';

/** Header and tag, which are gone once a datagram is open. */
const DATAGRAM_OVERHEAD_BYTES = DATAGRAM_HEADER_BYTES + TAG_BYTES;
/** Rows of the largest batch the engine receives. */
const MAX_ROWS = 2048;

/** Numbers of interior packets count per session and lane, `NO_LANE` included. */
const ORIGINS_PER_SESSION = 2 * LANES;

/** What the two roles do differently with what arrives. */
export interface InboundHandler {
  readonly routes: Routes;
  /** A handshake or cookie datagram, header unmasked. */
  handleHandshake(type: number, datagram: Uint8Array, batch: PacketBatch, row: number, now: number): void;
  /** Called for each authentic datagram; the first one confirms a session. False = the session is not, or no more, welcome. */
  handleAuthentic(session: Session, now: number): boolean;
  /** A command; `path` is where it came over, null = an address that is no path. */
  handleCommand(
    session: Session,
    path: Path | null,
    batch: PacketBatch,
    row: number,
    bytes: Uint8Array,
    now: number,
  ): void;
  /** An IP packet from an address that is no path's. */
  handleStray(session: Session, batch: PacketBatch, row: number, now: number): void;
}

export class Inbound {
  private readonly claims = new Claims(MAX_ROWS);
  private readonly reader = new InteriorReader();
  // The path of the last row, so that a train of one sender is looked up once.
  private pathTrain = -1;
  private pathAssociation: Association | null = null;
  private path: Path | null = null;

  constructor(
    private readonly context: CoreContext,
    private readonly handler: InboundHandler,
  ) {}

  /** Stages 1 and 2. */
  handleDatagrams(batch: PacketBatch, now: number): number {
    const { verdict, type } = batch;
    this.forgetPath();
    this.claims.clear();
    let wanted = 0;
    for (let row = 0; row < batch.count; row++) {
      if (verdict[row] !== Verdict.RECEIVED) {
        this.context.rejects.add('short');
        continue;
      }
      if (type[row] === DatagramType.DATA) {
        if (this.find(batch, row, now)) wanted++;
        continue;
      }
      verdict[row] = Verdict.DROP;
      if (type[row] > DatagramType.COOKIE) this.context.rejects.add('type');
      else this.handler.handleHandshake(type[row], datagramBytes(batch, row), batch, row, now);
    }
    return wanted;
  }

  private find(batch: PacketBatch, row: number, now: number): boolean {
    const { rejects, sessions } = this.context;
    const session = sessions.find(batch.sessionId[row] | 0);
    batch.verdict[row] = Verdict.DROP;
    if (session === undefined) {
      rejects.add('session-unknown');
      return false;
    }
    if (session.hasExpired(now)) {
      rejects.add('session-expired');
      return false;
    }
    switch (session.window.check(batch.packetNumber[row])) {
      case WindowVerdict.OLD:
        rejects.add('too-old');
        return false;
      case WindowVerdict.DUPLICATE:
        this.countDuplicate(session.association, batch, row, now);
        return false;
    }
    batch.keySlot[row] = session.keySlot;
    if (this.claims.claim(batch, row, session.keySlot) >= 0) {
      batch.verdict[row] = Verdict.DEFERRED;
      return false;
    }
    batch.verdict[row] = Verdict.OPEN;
    return true;
  }

  /** Stages 4 to 7. True = copies of forged rows are to be opened now. */
  handleOpened(batch: PacketBatch, now: number): boolean {
    const { verdict } = batch;
    let reopen = false;
    for (let row = 0; row < batch.count; row++) {
      switch (verdict[row]) {
        case Verdict.OPENED:
          verdict[row] = Verdict.DROP;
          this.accept(batch, row, now);
          break;
        case Verdict.FORGED:
          verdict[row] = Verdict.DROP;
          this.context.rejects.add('forged');
          if (this.promote(batch, row)) reopen = true;
          break;
      }
    }
    if (!reopen) this.dropDeferred(batch, now);
    return reopen;
  }

  /** The row was forged: its next copy in the batch gets its chance. */
  private promote(batch: PacketBatch, forged: number): boolean {
    for (let row = forged + 1; row < batch.count; row++) {
      if (batch.verdict[row] !== Verdict.DEFERRED) continue;
      if (
        batch.packetNumber[row] !== batch.packetNumber[forged] ||
        batch.keySlot[row] !== batch.keySlot[forged]
      )
        continue;
      batch.verdict[row] = Verdict.OPEN;
      return true;
    }
    return false;
  }

  private dropDeferred(batch: PacketBatch, now: number): void {
    for (let row = 0; row < batch.count; row++) {
      if (batch.verdict[row] !== Verdict.DEFERRED) continue;
      batch.verdict[row] = Verdict.DROP;
      const session = this.context.sessions.atSlot(batch.keySlot[row]);
      if (session !== null) this.countDuplicate(session.association, batch, row, now);
    }
  }

  private countDuplicate(association: Association, batch: PacketBatch, row: number, now: number): void {
    association.duplicatesDropped++;
    association.arrivals.handleCopy(batch.packetNumber[row], now);
    const path = this.pathOf(association, batch, row);
    if (path === null) return;
    path.inflow.duplicates++;
    path.inflow.count(batch.length[row]);
  }

  private accept(batch: PacketBatch, row: number, now: number): void {
    const session = this.context.sessions.atSlot(batch.keySlot[row]);
    // The session may have ended by a command earlier in this batch.
    if (session === null) return;
    const association = session.association;
    if (!session.window.mark(batch.packetNumber[row])) {
      this.countDuplicate(association, batch, row, now);
      return;
    }
    session.lastReceivedMs = now;
    if (!this.handler.handleAuthentic(session, now)) {
      this.context.rejects.add('session-expired');
      return;
    }
    const path = this.pathOf(association, batch, row);
    if (path !== null) {
      path.inflow.count(batch.length[row] + DATAGRAM_OVERHEAD_BYTES);
      path.handleHeard(now);
    }
    this.dispatch(session, path, batch, row, now);
  }

  private dispatch(session: Session, path: Path | null, batch: PacketBatch, row: number, now: number): void {
    const { arena, offset, length } = batch;
    const fromServer = !this.context.isServer;
    // Nearly every datagram is one whole IP packet.
    if (isWholePacket(arena, offset[row], length[row], fromServer)) {
      const ipFlags = arena[offset[row] + IP_INTERIOR_BYTES - 1];
      const number = readU32(arena, offset[row] + IP_INTERIOR_NUMBER) | 0;
      batch.flags[row] = ipFlags & PacketFlags.PARTIAL_CHECKSUM;
      offset[row] += IP_INTERIOR_BYTES;
      length[row] -= IP_INTERIOR_BYTES;
      if (path !== null) this.countFirst(session.association, path, batch.packetNumber[row], now);
      else this.handler.handleStray(session, batch, row, now);
      if ((ipFlags & IpFlags.ORDERED) === 0) this.route(session, batch, row, now);
      else this.handleOrdered(session, path, number, ipFlags, batch, row, now);
      return;
    }
    const reader = this.reader;
    reader.reset(arena, offset[row], length[row], fromServer);
    while (reader.next()) {
      if (reader.channel === COMMAND_CHANNEL) {
        if (reader.packetNumber !== 0 || reader.continued) {
          this.context.rejects.add('command');
          continue;
        }
        const body = arena.subarray(reader.dataOffset, reader.dataOffset + reader.dataLength);
        this.handler.handleCommand(session, path, batch, row, body, now);
        // It was the last word of this session.
        if (this.context.sessions.atSlot(session.keySlot) !== session) return;
      } else if (reader.channel === IP_CHANNEL && reader.dataLength > 0) {
        if (path === null) this.handler.handleStray(session, batch, row, now);
        else if (!reader.continued) this.countFirst(session.association, path, batch.packetNumber[row], now);
        this.handleUnit(session, path, arena, now);
      } else if (reader.channel === IP_CHANNEL) this.context.rejects.add('interior');
      else {
        if (path === null) this.handler.handleStray(session, batch, row, now);
        this.handleStreamData(session, path, arena, now);
      }
    }
    if (!reader.ok) this.context.rejects.add('interior');
  }

  /** What an earlier life of the peer has sent belongs to channels that are gone. */
  private handleStreamData(session: Session, path: Path | null, bytes: Uint8Array, now: number): void {
    const { association } = session;
    const { channel, packetNumber, dataOffset, dataLength } = this.reader;
    if (!association.knowsChannels(session)) return;
    if (path !== null) path.inflow.firsts++;
    if (!association.streams.handleData(channel, packetNumber, bytes, dataOffset, dataLength, now))
      this.context.rejects.add('stream');
  }

  private countFirst(association: Association, path: Path, packetNumber: number, now: number): void {
    path.inflow.firsts++;
    association.arrivals.handleFirst(packetNumber, path.id, now);
  }

  /** A row that is one whole IP packet with its place in a lane: handed on where it stands, unless others go before it. */
  private handleOrdered(
    session: Session,
    path: Path | null,
    number: number,
    ipFlags: number,
    batch: PacketBatch,
    row: number,
    now: number,
  ): void {
    const { arena, offset, length } = batch;
    const { reorder } = session.association;
    const lane = laneOf(ipFlags);
    const isPlain = this.context.deliveries.count === 0 && reorder.held === 0;
    if (!isPlain) this.order(session, path, number, false, ipFlags, arena, offset[row], length[row], now);
    else if (reorder.accept(lane, number, path?.id ?? -1, now)) this.route(session, batch, row, now);
    else this.hold(session, number, false, ipFlags, arena, offset[row], length[row], now);
  }

  /** An IP packet among other interior packets, or a piece of one. */
  private handleUnit(session: Session, path: Path | null, bytes: Uint8Array, now: number): void {
    const { packetNumber, continued, dataOffset, dataLength } = this.reader;
    const ipFlags = bytes[dataOffset];
    const at = dataOffset + 1;
    const length = dataLength - 1;
    if ((ipFlags & IpFlags.ORDERED) === 0)
      this.deliverUnit(session, packetNumber, continued, ipFlags, bytes, at, length, now);
    else this.order(session, path, packetNumber | 0, continued, ipFlags, bytes, at, length, now);
  }

  private order(
    session: Session,
    path: Path | null,
    number: number,
    continued: boolean,
    ipFlags: number,
    bytes: Uint8Array,
    at: number,
    length: number,
    now: number,
  ): void {
    const { reorder } = session.association;
    const lane = laneOf(ipFlags);
    if (!reorder.accept(lane, number, path?.id ?? -1, now)) {
      this.hold(session, number, continued, ipFlags, bytes, at, length, now);
      return;
    }
    this.deliverUnit(session, number, continued, ipFlags, bytes, at, length, now);
    this.release(session, lane, now);
  }

  /** What finds no room is handed on behind what waits in its lane, whatever is missing between. */
  private hold(
    session: Session,
    number: number,
    continued: boolean,
    ipFlags: number,
    bytes: Uint8Array,
    at: number,
    length: number,
    now: number,
  ): void {
    const { association } = session;
    const { reorder } = association;
    const lane = laneOf(ipFlags);
    this.context.wake(association);
    if (reorder.hold(lane, number, continued, ipFlags, bytes, at, length, now)) {
      this.release(session, lane, now);
      return;
    }
    reorder.giveUp(lane, number);
    this.release(session, lane, now);
    this.deliverUnit(session, number, continued, ipFlags, bytes, at, length, now);
  }

  /** What waited long enough. To be called when `Reorder.dueMs` is over. */
  releaseOrdered(association: Association, now: number): void {
    const session = association.current;
    if (session === null || association.reorder.held === 0) return;
    for (let lane = 0; lane < LANES; lane++) this.release(session, lane, now);
  }

  /** Hands on what may go, as far as there is room until the next turn. */
  private release(session: Session, lane: number, now: number): void {
    const { reorder } = session.association;
    const { deliveries } = this.context;
    if (reorder.held === 0) return;
    while (deliveries.hasRoom(REASSEMBLED_MAX_BYTES) && reorder.poll(lane, now)) {
      const { number, continued, ipFlags, bytes, offset, length } = reorder;
      this.deliverUnit(session, number, continued, ipFlags, bytes, offset, length, now);
    }
  }

  /** A whole packet, or a piece of one, in its turn: through a row of its own. */
  private deliverUnit(
    session: Session,
    number: number,
    continued: boolean,
    ipFlags: number,
    bytes: Uint8Array,
    at: number,
    length: number,
    now: number,
  ): void {
    const { reassembly } = session.association;
    const notFirst = (ipFlags & IpFlags.NOT_FIRST) !== 0;
    const flags = ipFlags & PacketFlags.PARTIAL_CHECKSUM;
    if (!continued && !notFirst) {
      this.deliverCopy(session, bytes, at, length, flags, now);
      return;
    }
    const dropped = reassembly.dropped;
    const origin = session.localId * ORIGINS_PER_SESSION + laneOf(ipFlags);
    if (reassembly.add(origin, number, continued, notFirst, flags, bytes, at, length, now))
      this.deliverCopy(session, reassembly.packet, 0, reassembly.packetLength, reassembly.packetFlags, now);
    this.context.drops.add('reassembly', reassembly.dropped - dropped);
  }

  private deliverCopy(
    session: Session,
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
    this.route(session, deliveries, row, now);
  }

  private route(session: Session, batch: PacketBatch, row: number, now: number): void {
    const { arena, offset, length } = batch;
    const { association } = session;
    if (checkIp(arena, offset[row], length[row]) === 0) {
      this.context.drops.add('bad-packet');
      return;
    }
    const target = this.handler.routes.inbound(association, arena, offset[row]);
    if (typeof target === 'string') {
      this.context.drops.add(target);
      return;
    }
    association.handlePacketIn(length[row], session, now);
    if (target === null) batch.verdict[row] = Verdict.DELIVER;
    else target.sendCopy(arena, offset[row], length[row], batch.flags[row], now);
  }

  /** The path this row came over, or null when its sender's address is not one. */
  pathOf(association: Association, batch: PacketBatch, row: number): Path | null {
    const train = batch.train[row];
    if (train !== this.pathTrain || association !== this.pathAssociation) {
      this.pathTrain = train;
      this.pathAssociation = association;
      this.path = association.findPath(batch.trainSocket[train], batch.trainAddress, train * ADDRESS_WORDS);
    }
    return this.path;
  }

  /** Paths changed, or a new batch begins. */
  forgetPath(): void {
    this.pathTrain = -1;
    this.pathAssociation = null;
    this.path = null;
  }
}

function datagramBytes(batch: PacketBatch, row: number): Uint8Array {
  return batch.arena.subarray(batch.offset[row], batch.offset[row] + batch.length[row]);
}
