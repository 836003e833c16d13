/**
 * A packet of a numbered flow: number (4 bytes) ‖ bytes that follow from the number, so that loss is known for each
 * direction, a copy is recognised, and a flipped bit is seen.
 */
import { bytesAt } from '../numbered-bytes.ts';

export const HEADER_BYTES = 4;

export function buildPacket(number: number, sizeBytes: number): Uint8Array {
  const packet = bytesAt(number * 4096, sizeBytes);
  new DataView(packet.buffer).setUint32(0, number);
  return packet;
}

/** What one end has seen of a flow. */
export interface Tally {
  /** Different packets. */
  received: number;
  duplicates: number;
  corrupt: number;
  /** Packets that came after a higher number. */
  late: number;
}

export class FlowCounter {
  readonly tally: Tally = { received: 0, duplicates: 0, corrupt: 0, late: 0 };
  readonly #seen = new Set<number>();
  #highest = -1;

  handlePacket(packet: Uint8Array): void {
    if (packet.length < HEADER_BYTES) {
      this.tally.corrupt += 1;
      return;
    }
    const number = new DataView(packet.buffer, packet.byteOffset).getUint32(0);
    if (Buffer.compare(packet, buildPacket(number, packet.length)) !== 0) {
      this.tally.corrupt += 1;
      return;
    }
    if (this.#seen.has(number)) {
      this.tally.duplicates += 1;
      return;
    }
    this.#seen.add(number);
    this.tally.received += 1;
    if (number < this.#highest) this.tally.late += 1;
    this.#highest = Math.max(this.#highest, number);
  }
}
