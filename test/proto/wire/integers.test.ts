import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  readU16,
  readU32,
  readUint,
  uintBytes,
  writeU16,
  writeU32,
  writeUint,
} from '../../../src/proto/wire/integers.ts';
import { hex, written } from '../bytes.ts';

describe('big-endian integers', () => {
  it('come back from their shortest form', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        const size = uintBytes(value);
        const bytes = written((b, at) => {
          writeUint(b, at, value, size);
          return size;
        });
        expect(readUint(bytes, 0, size)).toBe(value);
        expect(size === 1 || bytes[0] !== 0).toBe(true);
      }),
    );
  });

  it('are the same in the fixed forms', () => {
    fc.assert(
      fc.property(fc.nat(0xffff), fc.nat(0xffffffff), (small, large) => {
        const bytes = new Uint8Array(6);
        writeU16(bytes, 0, small);
        writeU32(bytes, 2, large);
        expect(hex(bytes)).toBe(small.toString(16).padStart(4, '0') + large.toString(16).padStart(8, '0'));
        expect([readU16(bytes, 0), readU32(bytes, 2)]).toEqual([small, large]);
        expect([readUint(bytes, 0, 2), readUint(bytes, 2, 4)]).toEqual([small, large]);
      }),
    );
  });

  it('tell a value above 2^53 - 1 from a safe one', () => {
    expect(Number.isSafeInteger(readUint(new Uint8Array(8).fill(255), 0, 8))).toBe(false);
    expect(readUint(Uint8Array.of(0, 0x1f, 255, 255, 255, 255, 255, 255), 0, 8)).toBe(
      Number.MAX_SAFE_INTEGER,
    );
  });
});
