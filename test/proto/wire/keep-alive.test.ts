import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkIp, ipv4HeaderChecksum } from '../../../src/proto/wire/ip.ts';
import {
  isKeepAlive,
  KEEP_ALIVE_BYTES,
  keepAlivePathId,
  keepAliveStamp,
  writeKeepAlive,
} from '../../../src/proto/wire/keep-alive.ts';
import { embedded, flipped, truncations, unhex, written } from '../bytes.ts';

describe('keep-alive', () => {
  it('is an IPv4 header with both addresses 255.255.255.255', () => {
    const whole = written((b, at) => writeKeepAlive(b, at, 3, 0x89abcdef));
    expect(checkIp(whole, 1, whole.length - 1)).toBe(4);
    expect(ipv4HeaderChecksum(whole, 1)).toBe(0);
    expect([...whole.subarray(13)]).toEqual(Array(8).fill(255));
  });

  it('keeps path and time stamp through the echo', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.nat(0xffffffff), (path, stamp) => {
        const { bytes, offset, length } = embedded(written((b, at) => writeKeepAlive(b, at, path, stamp)));
        expect(length).toBe(KEEP_ALIVE_BYTES);
        expect(isKeepAlive(bytes, offset, length)).toBe(true);
        expect([keepAlivePathId(bytes, offset), keepAliveStamp(bytes, offset)]).toEqual([path, stamp]);
      }),
    );
  });

  it('may have anything in the other fields, as in simplevpn', () => {
    const { bytes, offset, length } = embedded(unhex('04 45140000 00000000 40000000 ffffffff ffffffff'));
    expect(isKeepAlive(bytes, offset, length)).toBe(true);
  });

  it('is none when cut, or with another address', () => {
    const whole = written((b, at) => writeKeepAlive(b, at, 0, 0));
    for (const cut of truncations(whole)) expect(isKeepAlive(cut.bytes, cut.offset, cut.length)).toBe(false);
    for (let bit = 13 * 8; bit < whole.length * 8; bit++) {
      const { bytes, offset, length } = embedded(flipped(whole, bit));
      expect(isKeepAlive(bytes, offset, length)).toBe(false);
    }
  });
});
