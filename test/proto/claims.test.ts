import { describe, expect, it } from 'vitest';
import { Claims } from '../../src/proto/claims.ts';
import { PacketBatch } from '../../src/proto/packet-batch.ts';

function batchOf(...numbers: [packetNumber: number, keySlot: number][]): PacketBatch {
  const batch = new PacketBatch({ capacity: 16, arenaBytes: 4096 });
  for (const [packetNumber, keySlot] of numbers) {
    const row = batch.append(10);
    batch.packetNumber[row] = packetNumber;
    batch.keySlot[row] = keySlot;
  }
  return batch;
}

describe('claims', () => {
  it('names the earlier row of the same number under the same key', () => {
    const batch = batchOf([7, 1], [8, 1], [7, 1], [7, 2]);
    const claims = new Claims(16);
    const found = [0, 1, 2, 3].map((row) => claims.claim(batch, row, batch.keySlot[row]));
    expect(found).toEqual([-1, -1, 0, -1]);
  });

  it('takes a collision for no claim', () => {
    const batch = batchOf([1, 0], [1 + 4096, 0]);
    const claims = new Claims(16);
    expect(claims.claim(batch, 0, 0)).toBe(-1);
    expect(claims.claim(batch, 1, 0)).toBe(-1);
  });

  it('forgets everything between batches', () => {
    const batch = batchOf([7, 1]);
    const claims = new Claims(16);
    claims.claim(batch, 0, 1);
    claims.clear();
    expect(claims.claim(batch, 0, 1)).toBe(-1);
  });
});
