/**
 * Datagrams the core makes itself: handshake messages, commands, fragments, packets forwarded between clients and packets
 * that were held. Output of the core: the driver seals and sends the batch after each call and clears it.
 */
import { ADDRESS_WORDS, DATAGRAM_HEADER_BYTES, PacketBatch, Verdict } from './packet-batch.ts';
import type { Session } from './session/session.ts';

/** Room for one input batch of packets in two pieces each. */
const OUTBOX_ROWS = 4096;
const OUTBOX_BYTES = 3 * 1024 * 1024;

export class Outbox {
  readonly batch: PacketBatch;

  constructor() {
    this.batch = new PacketBatch({ capacity: OUTBOX_ROWS, arenaBytes: OUTBOX_BYTES });
  }

  /** A row with room for an interior of `bytes`; write it at `batch.offset[row]`. -1 = full. */
  begin(bytes: number): number {
    return this.batch.append(bytes);
  }

  /** Turns the row into a data datagram of `session` with an interior of `interiorBytes`, for the paths in `pathMask`. */
  finish(row: number, interiorBytes: number, session: Session, pathMask: number): void {
    const batch = this.batch;
    batch.offset[row] -= DATAGRAM_HEADER_BYTES;
    batch.length[row] = DATAGRAM_HEADER_BYTES + interiorBytes;
    batch.peer[row] = session.association.slot;
    batch.pathMask[row] = pathMask;
    session.stamp(batch, row);
  }

  /** The same, to an explicit address: `words` from `at`, through `socket`. */
  finishTo(
    row: number,
    interiorBytes: number,
    session: Session,
    socket: number,
    words: Int32Array,
    at: number,
  ): void {
    const train = this.train(socket, words, at);
    if (train < 0) return;
    this.finish(row, interiorBytes, session, 0);
    this.batch.train[row] = train;
  }

  /** A finished data datagram once more, as it was on the wire. False = full. */
  again(datagram: Uint8Array, slot: number, pathMask: number): boolean {
    const batch = this.batch;
    const row = batch.append(datagram.length);
    if (row < 0) return false;
    batch.arena.set(datagram, batch.offset[row]);
    batch.peer[row] = slot;
    batch.pathMask[row] = pathMask;
    batch.verdict[row] = Verdict.SEND;
    return true;
  }

  /** What waits to leave over path `id` of the peer in `slot` does not: the number may lead elsewhere before the batch leaves. */
  withdraw(slot: number, id: number): void {
    const { peer, train, pathMask, count } = this.batch;
    for (let row = 0; row < count; row++)
      if (peer[row] === slot && train[row] < 0) pathMask[row] &= ~(1 << id);
  }

  /** A finished handshake datagram (header room in front, tag behind) to an explicit address. False = full. */
  handshake(
    type: number,
    sessionId: number,
    datagram: Uint8Array,
    socket: number,
    words: Int32Array,
    at: number,
  ): boolean {
    const batch = this.batch;
    const train = this.train(socket, words, at);
    const row = train < 0 ? -1 : batch.append(datagram.length);
    if (row < 0) return false;
    batch.arena.set(datagram, batch.offset[row]);
    batch.type[row] = type;
    batch.sessionId[row] = sessionId;
    batch.train[row] = train;
    batch.verdict[row] = Verdict.SEAL;
    return true;
  }

  private train(socket: number, words: Int32Array, at: number): number {
    const batch = this.batch;
    const train = batch.trainCount;
    if (train >= batch.trains) return -1;
    batch.trainCount = train + 1;
    batch.trainSocket[train] = socket;
    const to = train * ADDRESS_WORDS;
    for (let word = 0; word < ADDRESS_WORDS; word++) batch.trainAddress[to + word] = words[at + word];
    return train;
  }
}
