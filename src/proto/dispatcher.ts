/** Interior packets of authentic datagrams, each to whom it concerns: commands, streams, IP packets. */
import type { Association } from './association/association.ts';
import { isWholePacket } from './channel/ip-channel.ts';
import type { CoreContext } from './core-context.ts';
import { Delivery } from './delivery.ts';
import { IP_INTERIOR_BYTES, type PacketBatch, PacketFlags } from './packet-batch.ts';
import type { Path } from './path/path.ts';
import { Unit } from './receive/unit.ts';
import type { Routes } from './routes.ts';
import type { Session } from './session/session.ts';
import { readU32 } from './wire/integers.ts';
import { COMMAND_CHANNEL, InteriorReader, IP_CHANNEL, IP_INTERIOR_NUMBER } from './wire/interior.ts';

/** What the two roles do differently with interior packets. */
export interface InteriorHandler {
  readonly routes: Routes;
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

export class Dispatcher {
  private readonly reader = new InteriorReader();
  /** The IP packet at hand, or piece of one. */
  private readonly unit = new Unit();
  private readonly delivery: Delivery;

  constructor(
    private readonly context: CoreContext,
    private readonly handler: InteriorHandler,
  ) {
    this.delivery = new Delivery(context, handler);
  }

  /** The plaintext of one authentic datagram, which came over `path` (null = an address that is no path's). */
  take(session: Session, path: Path | null, batch: PacketBatch, row: number, now: number): void {
    const { arena, offset, length } = batch;
    const fromServer = !this.context.isServer;
    // Nearly every datagram is one whole IP packet.
    if (isWholePacket(arena, offset[row], length[row], fromServer)) {
      const ipFlags = arena[offset[row] + IP_INTERIOR_BYTES - 1];
      const number = readU32(arena, offset[row] + IP_INTERIOR_NUMBER);
      batch.flags[row] = ipFlags & PacketFlags.PARTIAL_CHECKSUM;
      offset[row] += IP_INTERIOR_BYTES;
      length[row] -= IP_INTERIOR_BYTES;
      if (path !== null) this.countFirst(session.association, path, batch.packetNumber[row], now);
      else this.handler.handleStray(session, batch, row, now);
      this.unit.set(session.localId, number, false, ipFlags, arena, offset[row], length[row]);
      session.carriedPackets = true;
      this.delivery.takeRow(session.association, path, this.unit, batch, row, now);
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
        this.takeUnit(session, path, arena, now);
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

  /** An IP packet among other interior packets, or a piece of one. */
  private takeUnit(session: Session, path: Path | null, bytes: Uint8Array, now: number): void {
    const { packetNumber, continued, dataOffset, dataLength } = this.reader;
    const flags = bytes[dataOffset];
    this.unit.set(session.localId, packetNumber, continued, flags, bytes, dataOffset + 1, dataLength - 1);
    session.carriedPackets = true;
    this.delivery.take(session.association, path, this.unit, now);
  }

  /** What waited long enough for its turn. To be called when `Reorder.dueMs` is over. */
  releaseOrdered(association: Association, now: number): void {
    this.delivery.releaseOrdered(association, now);
  }
}
