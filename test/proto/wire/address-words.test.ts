import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ADDRESS_WORDS } from '../../../src/proto/packet-batch.ts';
import {
  addressFamily,
  addressPort,
  copyAddress,
  readObserved,
  sameRemote,
  writeObserved,
} from '../../../src/proto/wire/address-words.ts';
import { embedded, hex, truncations, unhex, written } from '../bytes.ts';
import { address, remoteOf } from './address.ts';

describe('address words', () => {
  it('are copied word for word; the local side is left out of the remote comparison', () => {
    fc.assert(
      fc.property(address, fc.nat(ADDRESS_WORDS - 1), (words, changed) => {
        const table = new Int32Array(2 * ADDRESS_WORDS + 1);
        copyAddress(words, 0, table, 1);
        copyAddress(table, 1, table, 1 + ADDRESS_WORDS);
        expect(table.slice(1 + ADDRESS_WORDS)).toEqual(words);
        table[1 + changed] ^= 0x40;
        expect(sameRemote(table, 1, table, 1 + ADDRESS_WORDS)).toBe(changed > 4);
      }),
    );
  });

  it('show family and port', () => {
    const words = Int32Array.of((6 << 16) | 65_535);
    expect([addressFamily(words, 0), addressPort(words, 0)]).toEqual([6, 65_535]);
    expect(addressFamily(new Int32Array(10), 0)).toBe(0);
  });
});

describe('observed addresses', () => {
  it('come back as the remote side alone', () => {
    fc.assert(
      fc.property(address, (words) => {
        const { bytes, offset, length } = embedded(written((b, at) => writeObserved(b, at, words, 0)));
        const found = new Int32Array(ADDRESS_WORDS + 1).fill(-1);
        expect(readObserved(bytes, offset, length, found, 1)).toBe(length);
        expect(found.slice(1)).toEqual(remoteOf(words));
        expect(found[0]).toBe(-1);
      }),
    );
  });

  it('stand as in PROTOCOL.md §5', () => {
    const words = new Int32Array(ADDRESS_WORDS);
    words.set([(4 << 16) | 4_600, 0xc0a80001 | 0]);
    expect(hex(written((b, at) => writeObserved(b, at, words, 0)))).toBe('0411f8c0a80001');
  });

  it('are refused when cut or of another family, and then touch nothing', () => {
    const broken = [unhex('05 11f8 c0a80001'), unhex('00 11f8 c0a80001')].map(embedded);
    const v6 = new Int32Array(ADDRESS_WORDS);
    v6[0] = 6 << 16;
    for (const { bytes, offset, length } of [
      ...broken,
      ...truncations(written((b, at) => writeObserved(b, at, v6, 0))),
    ]) {
      const found = new Int32Array(ADDRESS_WORDS).fill(7);
      expect(readObserved(bytes, offset, length, found, 0)).toBe(0);
      expect(found.every((word) => word === 7)).toBe(true);
    }
  });
});
