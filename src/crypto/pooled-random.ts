/** Random bytes from a pool: a system call for each token of a probe would cost more than the rest of the probe. */
import { randomFillSync } from 'node:crypto';
import type { RandomBytes } from '../proto/ports.ts';

const POOL_BYTES = 4_096;

export function pooledRandom(): RandomBytes {
  const pool = new Uint8Array(POOL_BYTES);
  let at = POOL_BYTES;
  return (count) => {
    if (count > POOL_BYTES) return randomFillSync(new Uint8Array(count));
    if (at + count > POOL_BYTES) {
      randomFillSync(pool);
      at = 0;
    }
    const bytes = pool.slice(at, at + count);
    // What was given out may be a key.
    pool.fill(0, at, at + count);
    at += count;
    return bytes;
  };
}
