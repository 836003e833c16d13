/** Channel 1: IP packets, whole or in pieces, in lanes or not. PROTOCOL.md §3. The numbers belong to the association and outlive sessions. */
import type { Outbox } from '../outbox.ts';
import {
  HEADROOM_BYTES,
  IP_INTERIOR_BYTES,
  type PacketBatch,
  PacketFlags,
  TAG_BYTES,
} from '../packet-batch.ts';
import type { Session } from '../session/session.ts';
import { IP_CHANNEL, IpFlags, LANES, laneOf, NO_LANE, writeIpInterior } from '../wire/interior.ts';

/** Largest IP packet that travels whole in a datagram of that size. */
export function wholePacketBytes(datagramBytes: number): number {
  return datagramBytes - HEADROOM_BYTES - TAG_BYTES;
}

/**
 * True when the interior is exactly one whole IP packet in the fixed form. The common case; everything else, hostile bytes
 * included, goes through `InteriorReader`.
 */
export function isWholePacket(bytes: Uint8Array, at: number, length: number, fromServer: boolean): boolean {
  return (
    length > IP_INTERIOR_BYTES &&
    bytes[at] === ((fromServer ? 0x80 : 0) | 3) &&
    bytes[at + 1] === IP_CHANNEL &&
    ((bytes[at + 6] << 8) | bytes[at + 7]) === length - IP_INTERIOR_BYTES + 1 &&
    (bytes[at + 8] & IpFlags.NOT_FIRST) === 0
  );
}

export class IpChannel {
  /** Low 32 bits count. */
  private nextNumber = 0;
  /** The same for each lane; null until there are lanes. */
  private laneNumbers: Int32Array | null = null;
  fragmentsSent = 0;

  constructor(private readonly isServer: boolean) {}

  /** `order`: the IP flags that say to which lane the packet belongs. The row covers an IP packet with headroom; afterwards it covers header room and interior. */
  wrap(batch: PacketBatch, row: number, order: number): void {
    const packetAt = batch.offset[row];
    const length = batch.length[row];
    const flags = (batch.flags[row] & PacketFlags.PARTIAL_CHECKSUM) | order;
    writeIpInterior(
      batch.arena,
      packetAt - IP_INTERIOR_BYTES,
      this.isServer,
      this.next(order),
      length,
      false,
      flags,
    );
    batch.offset[row] = packetAt - HEADROOM_BYTES;
    batch.length[row] = length + HEADROOM_BYTES;
  }

  /** Sends `length` bytes in pieces of at most `pieceBytes`; false when the outbox is full (the packet is lost). */
  split(
    bytes: Uint8Array,
    offset: number,
    length: number,
    packetFlags: number,
    pieceBytes: number,
    outbox: Outbox,
    session: Session,
    pathMask: number,
    /** `PacketFlags` of the rows. */
    rowFlags: number,
    order: number,
  ): boolean {
    // Equal pieces: a small last one would be lost as easily as a large one and costs as much.
    const pieces = Math.ceil(length / pieceBytes);
    const equalBytes = Math.ceil(length / pieces);
    for (let done = 0; done < length; done += equalBytes) {
      const size = Math.min(equalBytes, length - done);
      const row = outbox.begin(IP_INTERIOR_BYTES + size);
      if (row < 0) return false;
      const at = outbox.batch.offset[row];
      const isLast = done + size === length;
      const ipFlags =
        (packetFlags & PacketFlags.PARTIAL_CHECKSUM) | (done > 0 ? IpFlags.NOT_FIRST : 0) | order;
      writeIpInterior(outbox.batch.arena, at, this.isServer, this.next(order), size, !isLast, ipFlags);
      outbox.batch.arena.set(bytes.subarray(offset + done, offset + done + size), at + IP_INTERIOR_BYTES);
      outbox.batch.flags[row] = rowFlags;
      outbox.finish(row, IP_INTERIOR_BYTES + size, session, pathMask);
      this.fragmentsSent++;
    }
    return true;
  }

  private next(order: number): number {
    const lane = laneOf(order);
    if (lane !== NO_LANE) {
      this.laneNumbers ??= new Int32Array(LANES);
      return this.laneNumbers[lane]++;
    }
    const number = this.nextNumber;
    this.nextNumber = (number + 1) | 0;
    return number;
  }
}
