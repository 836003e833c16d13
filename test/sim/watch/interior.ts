/**
 * Reads the plaintext of a data datagram before it is sealed, with a parser of its own (PROTOCOL.md §3): what the
 * observers know of a datagram does not come from the code under test.
 */
import { packetId } from '../inner-packet.ts';

/** One interior packet of the IP channel. */
export interface Piece {
  readonly number: number;
  readonly continued: boolean;
  readonly notFirst: boolean;
  /** 0..15: it wants to come out in the order of the numbers of this lane; -1 = in none. */
  readonly lane: number;
  readonly length: number;
  /** Id of the inner packet; -1 in later pieces, which do not show it. */
  readonly id: number;
}

export function readPieces(bytes: Uint8Array, offset: number, length: number): Piece[] {
  const pieces: Piece[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, length);
  // A header or data past the end is where a receiver stops, too.
  for (let at = 0; at < length; ) {
    const flags = view.getUint8(at);
    const channelBytes = ((flags >> 3) & 3) + 1;
    const numberBytes = (flags & 7) + 1;
    const sizeAt = at + 1 + channelBytes + numberBytes;
    const dataAt = sizeAt + 2;
    const size = dataAt > length ? length : view.getUint16(sizeAt);
    if (dataAt + size > length) break;
    if (size > 0 && channelBytes === 1 && view.getUint8(at + 1) === 1) {
      const ipFlags = view.getUint8(dataAt);
      const notFirst = (ipFlags & 2) !== 0;
      pieces.push({
        number: view.getUint32(at + 2),
        continued: (flags & 0x20) !== 0,
        notFirst,
        lane: (ipFlags & 4) === 0 ? -1 : ipFlags >>> 4,
        length: size - 1,
        id: notFirst ? -1 : packetId(bytes, offset + dataAt + 1),
      });
    }
    at = dataAt + size;
  }
  return pieces;
}
