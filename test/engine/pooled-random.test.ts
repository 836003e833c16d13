import { expect, it } from 'vitest';
import { pooledRandom } from '../../src/crypto/pooled-random.ts';

it('gives as many bytes as are asked for, and none of them twice', () => {
  const random = pooledRandom();
  const seen = new Set<string>();
  const lengths = [4, 8, 24, 32, 4_095, 4_096, 5_000, 0];
  for (let round = 0; round < 200; round++)
    for (const length of lengths) {
      const bytes = random(length);
      expect(bytes).toHaveLength(length);
      // Of its own: what the caller does to them changes nobody else's.
      expect(bytes.byteLength).toBe(bytes.buffer.byteLength);
      if (length >= 8) seen.add(Buffer.from(bytes.subarray(0, 8)).toString('hex'));
    }
  expect(seen.size).toBe(200 * lengths.filter((length) => length >= 8).length);
});
