/** How sockets without a kernel lay out what arrives: as the addon does (`native/src/received.h`). */
import { ADDRESS_WORDS, type PacketBatch, Verdict } from '../proto/packet-batch.ts';

/** Appends one row, without head room; neighbours that came to one socket from one sender share a train. False = full. */
export function layReceived(
  batch: PacketBatch,
  socket: number,
  from: Int32Array,
  bytes: Uint8Array,
): boolean {
  const last = batch.trainCount - 1;
  const isSame =
    last >= 0 &&
    batch.trainSocket[last] === socket &&
    from.every((word, i) => word === batch.trainAddress[last * ADDRESS_WORDS + i]);
  const train = isSame ? last : batch.trainCount;
  if (train >= batch.trains) return false;
  const start = batch.end;
  const row = batch.append(bytes.length);
  if (row < 0) return false;
  batch.offset[row] = start;
  batch.end = start + bytes.length;
  batch.arena.set(bytes, start);
  batch.verdict[row] = Verdict.RECEIVED;
  batch.train[row] = train;
  batch.trainCount = train + 1;
  batch.trainSocket[train] = socket;
  batch.trainAddress.set(from, train * ADDRESS_WORDS);
  return true;
}
