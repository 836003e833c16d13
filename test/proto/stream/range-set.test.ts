import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RangeSet } from '../../../src/proto/stream/range-set.ts';

const step = fc.record({ adds: fc.boolean(), from: fc.nat(40), length: fc.nat(12) });

describe('RangeSet', () => {
  it('is a set of numbers', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const ranges = new RangeSet();
        const twin = new Set<number>();
        for (const { adds, from, length } of steps) {
          const before = twin.size;
          for (let n = from; n < from + length; n++) adds ? twin.add(n) : twin.delete(n);
          if (adds) {
            const touches = ranges.touches(from, from + length);
            const size = ranges.size;
            expect(ranges.add(from, from + length)).toBe(twin.size - before);
            if (touches) expect(ranges.size).toBeLessThanOrEqual(size);
          } else ranges.remove(from, from + length);
          const listed: number[] = [];
          for (let i = 0; i < ranges.size; i++) {
            if (i > 0) expect(ranges.start(i)).toBeGreaterThan(ranges.end(i - 1));
            for (let n = ranges.start(i); n < ranges.end(i); n++) listed.push(n);
          }
          expect(listed).toEqual([...twin].sort((a, b) => a - b));
          expect(ranges.has(from)).toBe(twin.has(from));
        }
      }),
    );
  });
});
