/**
 * From the wire to TUN, in packet order:
 *
 *   1. sort      by type; handshake messages leave the packet path here
 *   2. find      the session by its id; what the duplicate window knows is dropped before it is decrypted
 *   3. open      the driver, over the whole batch
 *   4. mark      the window; only now is anything believed
 *   5. account   the path it came over
 *   6. dispatch  interior packets: commands, stream data, IP packets (whole or pieces; `dispatcher.ts`)
 *   7. deliver   IP packets, each in its turn: to TUN, to another client, or nowhere (`delivery.ts`)
 *   8. write     the driver, over the whole batch
 */
import type { Association } from './association/association.ts';
import { Claims } from './claims.ts';
import type { CoreContext } from './core-context.ts';
import { Dispatcher, type InteriorHandler } from './dispatcher.ts';
import {
  ADDRESS_WORDS,
  DATAGRAM_HEADER_BYTES,
  type PacketBatch,
  TAG_BYTES,
  Verdict,
} from './packet-batch.ts';
import type { Path } from './path/path.ts';
import { WindowVerdict } from './session/replay-window.ts';
import type { Session } from './session/session.ts';
import { DatagramType } from './wire/datagram.ts';

/** Header and tag, which are gone once a datagram is open. */
const DATAGRAM_OVERHEAD_BYTES = DATAGRAM_HEADER_BYTES + TAG_BYTES;
/** Rows of the largest batch the engine receives. */
const MAX_ROWS = 2048;

/** What the two roles do differently with what arrives. */
export interface InboundHandler extends InteriorHandler {
  /** A handshake or cookie datagram, header unmasked. */
  handleHandshake(type: number, datagram: Uint8Array, batch: PacketBatch, row: number, now: number): void;
  /** Called for each authentic datagram; the first one confirms a session. False = the session is not, or no more, welcome. */
  handleAuthentic(session: Session, now: number): boolean;
}

export class Inbound {
  private readonly claims = new Claims(MAX_ROWS);
  private readonly dispatcher: Dispatcher;
  // The session of the last row, likewise.
  private session: Session | null = null;
  // The path of the last row, so that a train of one sender is looked up once.
  private pathTrain = -1;
  private pathAssociation: Association | null = null;
  private path: Path | null = null;

  constructor(
    private readonly context: CoreContext,
    private readonly handler: InboundHandler,
  ) {
    this.dispatcher = new Dispatcher(context, handler);
  }

  /** Stages 1 and 2. */
  handleDatagrams(batch: PacketBatch, now: number): number {
    const { verdict, type } = batch;
    this.forgetPath();
    this.session = null;
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
      this.session = null;
    }
    return wanted;
  }

  private find(batch: PacketBatch, row: number, now: number): boolean {
    const { rejects } = this.context;
    const session = this.sessionOf(batch.sessionId[row] | 0);
    batch.verdict[row] = Verdict.DROP;
    if (session === null) {
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

  private sessionOf(id: number): Session | null {
    if (this.session?.localId !== id) this.session = this.context.sessions.find(id) ?? null;
    return this.session;
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
    this.dispatcher.take(session, path, batch, row, now);
  }

  /** What waited long enough for its turn. To be called when `Reorder.dueMs` is over. */
  releaseOrdered(association: Association, now: number): void {
    this.dispatcher.releaseOrdered(association, now);
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
