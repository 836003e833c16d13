/**
 * Which row of the batch at hand claims a packet number first. Two copies of one datagram often arrive in one batch, before
 * either is opened and the window is marked: the second waits for the verdict on the first instead of being opened too.
 * Only an authentic row settles a claim, so a forged copy cannot push the true one out.
 */
import type { PacketBatch } from './packet-batch.ts';

/** Power of two, several times a batch: a collision costs one needless decryption. */
const SLOTS = 8192;

export class Claims {
  private readonly rows = new Int16Array(SLOTS).fill(-1);
  private readonly used: Int16Array;
  private usedCount = 0;

  constructor(maxRows: number) {
    this.used = new Int16Array(maxRows);
  }

  /** Row that claimed this row's number before, or -1: then the claim is this row's. */
  claim(batch: PacketBatch, row: number, keySlot: number): number {
    const slot = (batch.packetNumber[row] + keySlot * 97) & (SLOTS - 1);
    const earlier = this.rows[slot];
    if (earlier >= 0) {
      const same =
        batch.packetNumber[earlier] === batch.packetNumber[row] && batch.keySlot[earlier] === keySlot;
      return same ? earlier : -1;
    }
    this.rows[slot] = row;
    this.used[this.usedCount++] = slot;
    return -1;
  }

  clear(): void {
    for (let i = 0; i < this.usedCount; i++) this.rows[this.used[i]] = -1;
    this.usedCount = 0;
  }
}
