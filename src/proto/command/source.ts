/** Where a datagram came from. */
import { ADDRESS_WORDS, type PacketBatch } from '../packet-batch.ts';

export interface Source {
  readonly socket: number;
  /** The sender's address stands from `at`. */
  readonly words: Int32Array;
  readonly at: number;
}

export function sourceOf(batch: PacketBatch, row: number): Source {
  const train = batch.train[row];
  return { socket: batch.trainSocket[train], words: batch.trainAddress, at: train * ADDRESS_WORDS };
}
