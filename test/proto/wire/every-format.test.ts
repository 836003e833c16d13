/**
 * What holds for every format that a peer may send: it is read as it was written, wherever it stands; a reader sees nothing outside
 * of its range and never throws; and what it accepts is, written anew, the same again.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flipped, written } from '../bytes.ts';
import { FORMATS } from './formats.ts';

const RUNS = { numRuns: 60 };
const ROOM_BYTES = 2_048;

describe.each(Object.entries(FORMATS))('%s', (_, { values, write, read, hasOptions }) => {
  const writeOne = (value: unknown) => written((b, at) => write(b, at, value), ROOM_BYTES);
  /** Reads `whole` between bytes of `fill`. */
  const readAmong = (whole: Uint8Array, fill: number) => {
    const bytes = new Uint8Array(whole.length + 64).fill(fill);
    bytes.set(whole, 31);
    return read(bytes, 31, whole.length);
  };

  /** Accepted or not: whatever stands around, and a second time. */
  function check(whole: Uint8Array): unknown {
    const value = readAmong(whole, 0);
    expect(readAmong(whole, 0xff)).toEqual(value);
    if (value !== null) expect(readAmong(writeOne(value), 0)).toEqual(value);
    return value;
  }

  it('comes back', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(check(writeOne(value))).toEqual(value);
      }),
      RUNS,
    );
  });

  it('is malformed when it is cut anywhere, unless options stand there', () => {
    fc.assert(
      fc.property(values, (value) => {
        const whole = writeOne(value);
        for (let length = 0; length < whole.length; length++) {
          const cutOff = check(whole.slice(0, length));
          if (!hasOptions) expect(cutOff, `${length} of ${whole.length} bytes`).toBeNull();
        }
      }),
      { numRuns: 15 },
    );
  });

  it('with any bits changed, lengthened or made up, is read the same wherever it stands, or not at all', () => {
    const bits = fc.array(fc.nat(8 * ROOM_BYTES), { minLength: 1, maxLength: 4 });
    const more = fc.uint8Array({ maxLength: 12 });
    fc.assert(
      fc.property(values, bits, more, (value, flips, tail) => {
        const whole = flips.reduce(flipped, writeOne(value));
        check(whole);
        check(Uint8Array.of(...whole, ...tail));
        check(tail);
      }),
      RUNS,
    );
  });
});
