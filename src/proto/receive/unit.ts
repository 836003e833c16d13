/** An IP packet, or a piece of one, as it stood in a datagram. A record is filled again and again: nothing is allocated per packet. */
import { PacketFlags } from '../packet-batch.ts';
import { IpFlags, laneOf } from '../wire/interior.ts';

export class Unit {
  /** This end's id of the session that brought it, int32. */
  sessionId = 0;
  /** The interior packet's, int32. */
  number = 0;
  /** Another piece follows. */
  continued = false;
  /** `IpFlags` and the lane. */
  ipFlags = 0;
  /** It stands in `bytes[offset .. offset + length)`. */
  bytes: Uint8Array = new Uint8Array(0);
  offset = 0;
  length = 0;

  set(
    sessionId: number,
    number: number,
    continued: boolean,
    ipFlags: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
  ): void {
    this.sessionId = sessionId;
    this.number = number | 0;
    this.continued = continued;
    this.ipFlags = ipFlags;
    this.bytes = bytes;
    this.offset = offset;
    this.length = length;
  }

  get lane(): number {
    return laneOf(this.ipFlags);
  }

  get isOrdered(): boolean {
    return (this.ipFlags & IpFlags.ORDERED) !== 0;
  }

  /** A piece before it belongs to the same packet. */
  get notFirst(): boolean {
    return (this.ipFlags & IpFlags.NOT_FIRST) !== 0;
  }

  get isWhole(): boolean {
    return !this.continued && !this.notFirst;
  }

  get packetFlags(): number {
    return this.ipFlags & PacketFlags.PARTIAL_CHECKSUM;
  }
}
