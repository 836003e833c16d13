import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkIp,
  ipProtocol,
  ipTotalLength,
  ipVersion,
  ipv4Destination,
  ipv4HeaderBytes,
  ipv4HeaderChecksum,
  ipv4Source,
  ipv6SourceEquals,
  isForNeighbours,
  writeBareIpv4,
} from '../../../src/proto/wire/ip.ts';
import { embedded, hex, truncations, unhex, written } from '../bytes.ts';

/** An echo request of 28 bytes from 192.168.0.1 to 255.255.255.254. */
const ECHO = unhex('4500001c0000400040010000 c0a80001 fffffffe 0800f7ff00000000');
/** A UDP datagram without data, 2001:db8::1 to fe80::2. */
const UDP6 = unhex(
  '6000000000081140 20010db8000000000000000000000001 fe800000000000000000000000000002 0001000200080000',
);

function check(packet: Uint8Array): number {
  const { bytes, offset, length } = embedded(packet);
  return checkIp(bytes, offset, length);
}

describe('IP packets', () => {
  it('are recognised by version, header and length', () => {
    expect(check(ECHO)).toBe(4);
    expect(check(UDP6)).toBe(6);
    expect(check(unhex('4600001800004000400100000000000000000000 01010100'))).toBe(4);
  });

  it('are refused when cut at any byte, or with bytes behind them', () => {
    for (const whole of [ECHO, UDP6]) {
      for (const { bytes, offset, length } of truncations(whole))
        expect(checkIp(bytes, offset, length)).toBe(0);
      expect(check(Uint8Array.of(...whole, 0))).toBe(0);
    }
  });

  it('are refused with a header length that is too small or passes the end', () => {
    for (const first of [0x40, 0x44, 0x48, 0x4f])
      expect(check(Uint8Array.of(first, ...ECHO.subarray(1)))).toBe(0);
  });

  it('are refused in any other version', () => {
    for (const version of [0, 1, 5, 7, 15]) {
      for (const whole of [ECHO, UDP6]) {
        expect(check(Uint8Array.of((version << 4) | (whole[0] & 15), ...whole.subarray(1)))).toBe(0);
      }
    }
  });

  it('for neighbours alone are known by where they go', () => {
    const to4 = (...address: number[]) => embedded(Uint8Array.of(...ECHO.subarray(0, 16), ...address));
    const to6 = (first: number, second: number) =>
      embedded(Uint8Array.of(...UDP6.subarray(0, 24), first, second, ...UDP6.subarray(26)));
    const isLocal = ({ bytes, offset }: { bytes: Uint8Array; offset: number }) =>
      isForNeighbours(bytes, offset);
    for (const at of [to4(224, 0, 0, 251), to4(255, 255, 255, 255), to6(0xff, 0x02), to6(0xff, 0x11)])
      expect(isLocal(at)).toBe(true);
    for (const at of [to6(0xfe, 0x80), to6(0xfe, 0xbf)]) expect(isLocal(at)).toBe(true);
    const farther = [to4(224, 0, 1, 1), to4(239, 255, 255, 250), to4(255, 255, 255, 254), to4(10, 0, 0, 255)];
    for (const at of [...farther, to6(0xff, 0x05), to6(0xfe, 0xc0), to6(0x20, 0x01)])
      expect(isLocal(at)).toBe(false);
  });

  it('show their fields', () => {
    const v4 = embedded(ECHO);
    expect(ipVersion(v4.bytes, v4.offset)).toBe(4);
    expect(ipv4HeaderBytes(v4.bytes, v4.offset)).toBe(20);
    expect(ipTotalLength(v4.bytes, v4.offset)).toBe(28);
    expect(ipProtocol(v4.bytes, v4.offset)).toBe(1);
    expect(ipv4Source(v4.bytes, v4.offset)).toBe(0xc0a80001);
    expect(ipv4Destination(v4.bytes, v4.offset)).toBe(0xfffffffe);
    const v6 = embedded(UDP6);
    expect(ipVersion(v6.bytes, v6.offset)).toBe(6);
    expect(ipTotalLength(v6.bytes, v6.offset)).toBe(48);
    expect(ipProtocol(v6.bytes, v6.offset)).toBe(17);
  });

  it('compare their IPv6 source by every word', () => {
    const { bytes, offset } = embedded(UDP6);
    const words = Int32Array.of(0, 0x20010db8, 0, 0, 1);
    expect(ipv6SourceEquals(bytes, offset, words, 1)).toBe(true);
    for (let word = 0; word < 4; word++) {
      words[1 + word] ^= 0x80000000 >>> (8 * word);
      expect(ipv6SourceEquals(bytes, offset, words, 1)).toBe(false);
      words[1 + word] ^= 0x80000000 >>> (8 * word);
    }
  });
});

describe('bare IPv4 headers', () => {
  it('are whole packets with a right checksum', () => {
    const uint32 = fc.nat(0xffffffff);
    fc.assert(
      fc.property(uint32, uint32, fc.nat(255), uint32, (source, destination, tos, identification) => {
        const header = written((b, at) => writeBareIpv4(b, at, source, destination, tos, identification));
        expect(check(header)).toBe(4);
        expect(header.length).toBe(20);
        expect(ipv4HeaderChecksum(header, 0)).toBe(0);
        expect([ipv4Source(header, 0), ipv4Destination(header, 0), header[1]]).toEqual([
          source,
          destination,
          tos,
        ]);
        expect(hex(header.subarray(4, 8))).toBe(identification.toString(16).padStart(8, '0'));
      }),
    );
  });

  it('have the checksum of RFC 1071, carries folded', () => {
    const header = unhex('4500007300004000 4011b861 c0a80001c0a800c7');
    expect(ipv4HeaderChecksum(header, 0)).toBe(0);
    header.fill(0, 10, 12);
    expect(ipv4HeaderChecksum(header, 0)).toBe(0xb861);
    const ones = new Uint8Array(60).fill(0xff);
    expect(ipv4HeaderChecksum(ones, 0)).toBe(0);
  });
});
