import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteRing } from '../../../src/proto/stream/byte-ring.ts';

const step = fc.record({ write: fc.nat(9_000), take: fc.nat(9_000) });

function byteAt(number: number): number {
  return (number * 7 + (number >> 8)) & 0xff;
}

describe('ByteRing', () => {
  it('keeps what is in use wherever it grows', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const ring = new ByteRing();
        let base = 1;
        let end = 1;
        for (const { write, take } of steps) {
          const source = Uint8Array.from({ length: write }, (_, i) => byteAt(end + i));
          ring.reserve(base, end, end + write);
          ring.write(end, source, 0, write);
          end += write;
          expect(ring.capacity).toBeLessThanOrEqual(Math.max(4_096, 2 * (end - base)) * 8);
          const taken = Math.min(take, end - base);
          const target = new Uint8Array(taken);
          ring.read(base, taken, target, 0);
          expect(target.every((byte, i) => byte === byteAt(base + i))).toBe(true);
          if (taken > 0) expect(ring.view(base, taken)[0]).toBe(byteAt(base));
          base += taken;
          if (base === end) ring.release();
        }
      }),
    );
  });
});
