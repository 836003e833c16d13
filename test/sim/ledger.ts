/** Every inner packet of a run: what it was, where it was meant to go, and that it came there at most once. */
import { type InnerForm, packetId, writeInnerPacket } from './inner-packet.ts';
import { Violation } from './watch/violation.ts';

/** Index of a client, or the server. */
export type Place = number;
export const SERVER: Place = -1;

export interface InnerPacket extends InnerForm {
  readonly from: Place;
  /** Where it leaves the tunnel. */
  readonly to: Place;
  /** World time. */
  readonly offeredMs: number;
  /** From an address that its sender does not lease: it must come out nowhere. */
  readonly isSpoofed: boolean;
  deliveredMs: number;
}

/** Longer than any packet may live inside (hold queue 10 s, sleeping machines): later copies are as wrong as second ones. */
const REMEMBER_MS = 1_800_000;

export class Ledger {
  private readonly packets = new Map<number, InnerPacket>();
  private nextId = 1;
  private readonly scratch = new Uint8Array(65_536);
  /** Whether that place has that address now: a lease may have gone to somebody else while the packet was under way. */
  holds: (place: Place, address: number) => boolean = () => false;
  offered = 0;
  delivered = 0;
  /** Milliseconds under way, summed over what was delivered. */
  latencySumMs = 0;

  offer(packet: Omit<InnerPacket, 'id' | 'deliveredMs'>): InnerPacket {
    const id = this.nextId++;
    const full = { ...packet, id, deliveredMs: -1 };
    this.packets.set(id, full);
    this.offered++;
    if (id % 1024 === 0) this.forget(packet.offeredMs);
    return full;
  }

  find(id: number): InnerPacket | undefined {
    return this.packets.get(id);
  }

  /** The packet at `bytes[at .. at + length)` came out of the tunnel at `place`. */
  deliver(bytes: Uint8Array, at: number, length: number, place: Place, nowMs: number): InnerPacket {
    const packet = length >= 20 ? this.packets.get(packetId(bytes, at)) : undefined;
    if (packet === undefined) throw new Violation('unaltered', `${length} bytes came out that nobody sent`);
    if (packet.deliveredMs >= 0) throw new Violation('at-most-once', `packet ${packet.id} came out twice`);
    if (packet.isMalformed) throw new Violation('unaltered', `packet ${packet.id} is none and came out`);
    if (packet.isSpoofed) throw new Violation('no-spoofing', `packet ${packet.id} has a source not leased`);
    if (packet.to !== place && !this.holds(place, packet.addresses.destination))
      throw new Violation('right-place', `packet ${packet.id} for ${packet.to} came out at ${place}`);
    writeInnerPacket(this.scratch, 0, packet);
    const isSame = length === packet.length && equal(bytes, at, this.scratch, length);
    if (!isSame) throw new Violation('unaltered', `packet ${packet.id} of ${packet.length} bytes`);
    packet.deliveredMs = nowMs;
    this.delivered++;
    this.latencySumMs += nowMs - packet.offeredMs;
    return packet;
  }

  private forget(nowMs: number): void {
    for (const [id, packet] of this.packets) {
      if (nowMs - packet.offeredMs < REMEMBER_MS) break;
      this.packets.delete(id);
    }
  }
}

function equal(bytes: Uint8Array, at: number, other: Uint8Array, length: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[at + i] !== other[i]) return false;
  return true;
}
