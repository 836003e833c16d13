import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TLV_VALUE_MAX_BYTES, TlvReader, writeTlv } from '../../../src/proto/wire/tlv.ts';
import { embedded, truncations, written } from '../bytes.ts';

type Element = [type: number, value: Uint8Array];

function write(elements: readonly Element[]): Uint8Array {
  return written((bytes, at) => {
    let end = at;
    for (const [type, value] of elements) end += writeTlv(bytes, end, type, value);
    return end - at;
  }, 2_000);
}

function read({ bytes, offset, length }: { bytes: Uint8Array; offset: number; length: number }) {
  const reader = new TlvReader();
  reader.reset(bytes, offset, length);
  const found: Element[] = [];
  while (reader.next()) {
    const end = reader.valueOffset + reader.valueLength;
    expect(end).toBeLessThanOrEqual(offset + length);
    found.push([reader.type, bytes.slice(reader.valueOffset, end)]);
  }
  expect(reader.next()).toBe(false);
  return { found, ok: reader.ok };
}

const element = fc.tuple(fc.nat(255), fc.uint8Array({ maxLength: TLV_VALUE_MAX_BYTES }));

describe('TLVs', () => {
  it('come back', () => {
    fc.assert(
      fc.property(fc.array(element, { maxLength: 6 }), (elements) => {
        expect(read(embedded(write(elements)))).toEqual({ found: elements, ok: true });
      }),
    );
  });

  it('cut inside an element are a fault, cut between two are not', () => {
    const elements: Element[] = [
      [1, Uint8Array.of(9)],
      [2, new Uint8Array(0)],
      [7, Uint8Array.of(1, 2, 3, 4)],
    ];
    const boundaries = [0, 3, 5];
    for (const cut of truncations(write(elements))) {
      expect(read(cut)).toEqual({
        found: elements.slice(0, boundaries.filter((end) => end > 0 && end <= cut.length).length),
        ok: boundaries.includes(cut.length),
      });
    }
  });

  it('never lead outside, whatever the bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (noise) => void read(embedded(noise))));
  });
});
