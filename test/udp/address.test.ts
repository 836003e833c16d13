import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ADDRESS_WORDS } from '../../src/proto/packet-batch.ts';
import {
  addressBytes,
  familyOf,
  formatAddress,
  formatHost,
  formatLocal,
  interfaceIndexOf,
  parseAddress,
  portOf,
  setLocalAddress,
} from '../../src/udp/address.ts';

function words(address: string, port = 4600): Int32Array {
  const out = new Int32Array(ADDRESS_WORDS).fill(-1);
  expect(parseAddress(address, port, out)).toBe(true);
  return out;
}

describe('the words of an address', () => {
  it('are family and port, then big-endian words', () => {
    expect([...words('192.0.2.1')]).toEqual([(4 << 16) | 4600, 0xc0000201 | 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect([...words('2001:db8::ff:1', 65535)]).toEqual([
      ...[(6 << 16) | 65535, 0x20010db8, 0, 0, 0x00ff0001],
      ...[0, 0, 0, 0, 0],
    ]);
  });

  it('of a mapped address are those of the IPv4 address', () => {
    expect(words('::ffff:192.0.2.1')).toEqual(words('192.0.2.1'));
    expect(words('::FFFF:c000:201')).toEqual(words('192.0.2.1'));
  });

  it('are left alone by what is no address', () => {
    const untouched = new Int32Array(ADDRESS_WORDS).fill(7);
    const wrong: [string, number][] = [
      ...['', 'localhost', '1.2.3', '1.2.3.4.5', '256.1.1.1', '[::1]', 'fe80::1%lo', ':::', '1::2::3'].map(
        (text): [string, number] => [text, 1],
      ),
      ...[-1, 65536, 1.5, Number.NaN].map((port): [string, number] => ['127.0.0.1', port]),
    ];
    for (const [text, port] of wrong)
      expect(parseAddress(text, port, untouched), `${text} ${port}`).toBe(false);
    expect(untouched).toEqual(new Int32Array(ADDRESS_WORDS).fill(7));
  });

  it('stand where they are wanted', () => {
    const table = new Int32Array(3 * ADDRESS_WORDS);
    parseAddress('10.0.0.1', 1, table, ADDRESS_WORDS);
    expect(familyOf(table)).toBe(0);
    expect(familyOf(table, ADDRESS_WORDS)).toBe(4);
    expect(formatAddress(table, ADDRESS_WORDS)).toBe('10.0.0.1:1');
  });
});

describe('the local side', () => {
  it('is an address of the same family and an interface', () => {
    const six = words('2001:db8::1');
    expect(setLocalAddress(six, 0, '2001:db8::2', 5)).toBe(true);
    expect(formatLocal(six)).toBe('2001:db8::2');
    expect(interfaceIndexOf(six)).toBe(5);
    expect(formatHost(six)).toBe('2001:db8::1');
    expect(setLocalAddress(six, 0, '10.0.0.1')).toBe(false);
    expect(setLocalAddress(words('10.0.0.1'), 0, '::1')).toBe(false);
    expect(formatLocal(six)).toBe('2001:db8::2');
  });

  it('is nobody before', () => {
    expect(formatLocal(words('10.0.0.1'))).toBe('0.0.0.0');
    expect(formatLocal(words('::1'))).toBe('::');
  });
});

describe('text', () => {
  it.each([
    ['0:0:0:0:0:0:0:0', '::'],
    ['2001:0DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['fe80::', 'fe80::'],
    ['::1', '::1'],
  ])('%s is written %s (RFC 5952)', (from, to) => {
    expect(formatHost(words(from))).toBe(to);
  });

  it('of an IPv6 endpoint has brackets', () => {
    expect(formatAddress(words('::1', 9))).toBe('[::1]:9');
    expect(portOf(words('::1', 9))).toBe(9);
  });

  it('comes back as it went', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.integer({ min: 0, max: 65535 }), (address, port) => {
        const first = words(address, port);
        expect(words(formatHost(first), port)).toEqual(first);
        expect(addressBytes(formatHost(first))).toEqual(addressBytes(address));
      }),
    );
  });
});
