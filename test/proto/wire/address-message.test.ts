import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ADDRESS_MESSAGE_MAX_BYTES,
  AddressRefusalCode,
  readAddressAnswer,
  readAddressRequest,
  writeAddressAnswer,
  writeAddressRefusal,
  writeAddressRequest,
} from '../../../src/proto/wire/address-message.ts';
import { checkIp, ipv4HeaderChecksum } from '../../../src/proto/wire/ip.ts';
import { embedded, flipped, hex, truncations, unhex, written } from '../bytes.ts';

const ipv6 = fc.uint8Array({ minLength: 16, maxLength: 16 });
const answer = fc
  .record({
    address: fc.integer({ min: 1, max: 0xffffffff }),
    serverAddress: fc.nat(0xffffffff),
    prefixLength: fc.integer({ min: 1, max: 32 }),
    mtuBytes: fc.integer({ min: 1, max: 0xffff }),
    leaseSeconds: fc.nat(0xffffffff),
    six: fc.option(fc.tuple(ipv6, fc.nat(128))),
    dns: fc.array(fc.nat(0xffffffff), { maxLength: 4 }),
    dns6: fc.array(ipv6, { maxLength: 4 }),
  })
  .map(({ six, ...rest }) => ({ ...rest, address6: six?.[0] ?? null, prefixLength6: six?.[1] ?? 0 }));

function readAnswer(whole: Uint8Array) {
  const { bytes, offset, length } = embedded(whole);
  return readAddressAnswer(bytes, offset, length);
}

function readRequest(whole: Uint8Array) {
  const { bytes, offset, length } = embedded(whole);
  return readAddressRequest(bytes, offset, length);
}

describe('address request', () => {
  it('is a bare IPv4 header with destination 0 and the wanted address as source', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), (wanted) => {
        const whole = written((b, at) => writeAddressRequest(b, at, { wanted, former: 0 }));
        expect(whole.length).toBe(21);
        expect(checkIp(whole, 1, 20)).toBe(4);
        expect(ipv4HeaderChecksum(whole, 1)).toBe(0);
        expect(hex(whole.subarray(13))).toBe(`${wanted.toString(16).padStart(8, '0')}00000000`);
        expect(readRequest(whole)).toEqual({ wanted, former: 0 });
      }),
    );
  });

  it('is refused when cut, with a destination, or when it is no IPv4 header', () => {
    const whole = written((b, at) => writeAddressRequest(b, at, { wanted: 0x0a4d0005, former: 0 }));
    for (const cut of truncations(whole))
      expect(readAddressRequest(cut.bytes, cut.offset, cut.length)).toBeNull();
    expect(readRequest(flipped(whole, 8 * 20))).toBeNull();
    expect(readRequest(flipped(whole, 8 + 5))).toBeNull();
  });

  it('names the address that the client had last behind the header, where earlier versions do not look', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0xffffffff }), (former) => {
        const whole = written((b, at) => writeAddressRequest(b, at, { wanted: 0, former }));
        expect(hex(whole.subarray(21))).toBe(`0804${former.toString(16).padStart(8, '0')}`);
        expect(readRequest(whole)).toEqual({ wanted: 0, former });
        expect(readRequest(whole.subarray(0, 25))).toBeNull();
        expect(readRequest(Uint8Array.from([...whole.subarray(0, 21), 8, 3, 1, 2, 3]))).toBeNull();
      }),
    );
  });
});

describe('address answer', () => {
  it('comes back', () => {
    fc.assert(
      fc.property(answer, (value) => {
        const whole = written((b, at) => writeAddressAnswer(b, at, value));
        expect(whole.length).toBeLessThanOrEqual(ADDRESS_MESSAGE_MAX_BYTES);
        expect(readAnswer(whole)).toEqual({ kind: 'assigned', ...value });
      }),
    );
  });

  it('stands as in PROTOCOL.md §5', () => {
    const value = {
      address: 0x0a4d0002,
      serverAddress: 0x0a4d0001,
      prefixLength: 16,
      mtuBytes: 1_400,
      leaseSeconds: 345_600,
      address6: null,
      prefixLength6: 0,
      dns: [0x01010101],
      dns6: [],
    };
    const whole = written((b, at) => writeAddressAnswer(b, at, value));
    expect(hex(whole.subarray(13))).toBe(
      '0a4d0001 0a4d0002 010110 02020578 040401010101 060400054600'.replaceAll(' ', ''),
    );
  });

  it('takes no more than four DNS servers of a family, on either side', () => {
    const value = {
      address: 1,
      serverAddress: 2,
      prefixLength: 16,
      mtuBytes: 1_400,
      leaseSeconds: 1,
      address6: null,
      prefixLength6: 0,
      dns: [1, 2, 3, 4, 5],
      dns6: [],
    };
    const whole = written((b, at) => writeAddressAnswer(b, at, value));
    expect(readAnswer(whole)).toMatchObject({ dns: [1, 2, 3, 4] });
    expect(readAnswer(Uint8Array.of(...whole, 4, 4, 9, 9, 9, 9))).toMatchObject({ dns: [1, 2, 3, 4] });
  });

  it('skips unknown options', () => {
    const whole = unhex(`08 45000014 00000000 40000000 0a4d0001 0a4d0002 010110 02020578 c8 03 010203`);
    expect(readAnswer(whole)).toMatchObject({ kind: 'assigned', address: 0x0a4d0002, mtuBytes: 1_400 });
  });

  it('is refused with an option of a wrong length or value, or without prefix length or MTU', () => {
    const header = '08 45000014 00000000 40000000 0a4d0001 0a4d0002';
    for (const options of [
      '',
      '010110',
      '02020578',
      '01021010 02020578',
      '010121 02020578',
      '010110 02020578 0304fe800000',
      '010110 02020000',
    ]) {
      expect(readAnswer(unhex(header + options)), options).toBeNull();
    }
    const six = (prefix: string) => `${header}010110 02020578 0311${'ab'.repeat(16)}${prefix}`;
    expect(readAnswer(unhex(six('80')))).toMatchObject({ prefixLength6: 128 });
    expect(readAnswer(unhex(six('81')))).toBeNull();
  });

  it('cut anywhere, or with any bit flipped, is null or an answer of the right shape, never an exception', () => {
    fc.assert(
      fc.property(answer, fc.nat(), (value, bit) => {
        const whole = written((b, at) => writeAddressAnswer(b, at, value));
        for (const cut of truncations(whole)) readAddressAnswer(cut.bytes, cut.offset, cut.length);
        const found = readAnswer(flipped(whole, bit));
        if (found?.kind === 'assigned') expect(found.prefixLength).toBeLessThanOrEqual(32);
      }),
    );
  });
});

describe('address refusal', () => {
  it('comes back with its reason', () => {
    const whole = written((b, at) =>
      writeAddressRefusal(b, at, AddressRefusalCode.TAKEN, '10.77.0.9 is taken'),
    );
    expect(readAnswer(whole)).toEqual({ kind: 'refused', code: 1, text: '10.77.0.9 is taken' });
    for (const cut of truncations(whole))
      expect(readAddressAnswer(cut.bytes, cut.offset, cut.length)).toBeNull();
  });

  it('is cut between characters, and its control characters become spaces', () => {
    const whole = written((b, at) =>
      writeAddressRefusal(b, at, AddressRefusalCode.FULL, `a\u001b[2J\n${'ü'.repeat(300)}`),
    );
    expect(whole.length).toBeLessThanOrEqual(ADDRESS_MESSAGE_MAX_BYTES);
    const found = readAnswer(whole);
    expect(found).toMatchObject({ kind: 'refused', text: expect.stringMatching(/^a \[2J ü+$/) });
  });
});
