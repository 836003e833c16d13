import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isStartRequest,
  readStart,
  readStarted,
  readStop,
  readTerminate,
  type StartRequest,
  writeStart,
  writeStarted,
  writeStop,
  writeTerminate,
} from '../../../src/proto/wire/stream-commands.ts';
import { embedded, hex, truncations, unhex, written } from '../bytes.ts';

const channel = fc.oneof(fc.nat(3), fc.nat(0xffffffff));
const packetNumber = fc.oneof(fc.nat(300), fc.maxSafeNat());
const address = fc.oneof(
  fc.uint8Array({ minLength: 4, maxLength: 4 }),
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
);
const host = fc.oneof(address, fc.stringMatching(/^[!-~]{1,253}$/));
const common = { channel, protocol: fc.nat(255), port: fc.nat(0xffff) };
const start: fc.Arbitrary<StartRequest> = fc.oneof(
  fc.record({ ...common, host }),
  fc.record({ ...common, host, listens: fc.constant(true as const) }),
  fc.record({ ...common, host: address, listener: channel }),
);
const stop = fc.record({ channel, lastNumber: packetNumber });
const terminate = fc.record({ channel, kind: fc.nat(255) });

type Reader<T> = (bytes: Uint8Array, offset: number, length: number) => T;

function read<T>(reader: Reader<T>, whole: Uint8Array): T {
  const { bytes, offset, length } = embedded(whole);
  return reader(bytes, offset, length);
}

describe('stream commands, as in ResIP', () => {
  it('start comes back', () => {
    fc.assert(
      fc.property(start, (value) => {
        expect(
          read(
            readStart,
            written((b, at) => writeStart(b, at, value)),
          ),
        ).toEqual(value);
      }),
    );
  });

  it('start stands as ResIP draws it, and with a name', () => {
    const ssh = { channel: 0x1234, protocol: 6, host: Uint8Array.of(10, 77, 0, 1), port: 22 };
    expect(hex(written((b, at) => writeStart(b, at, ssh)))).toBe('01501234060a4d000116');
    const web = { ...ssh, host: new Uint8Array(16), port: 443 };
    expect(hex(written((b, at) => writeStart(b, at, web)))).toBe(`0155123406${'00'.repeat(16)}01bb`);
    const named = { ...ssh, channel: 2, host: 'a.b' };
    expect(hex(written((b, at) => writeStart(b, at, named)))).toBe('0148020603612e6216');
  });

  it('a wish to listen, and a caller', () => {
    const where = { channel: 2, protocol: 6, host: '*', port: 22, listens: true as const };
    expect(hex(written((b, at) => writeStart(b, at, where)))).toBe('014a0206012a16');
    const caller = { channel: 3, protocol: 6, host: Uint8Array.of(192, 0, 2, 1), port: 50_000, listener: 2 };
    expect(hex(written((b, at) => writeStart(b, at, caller)))).toBe('014d03060000000204c0000201c350');
  });

  it.each([
    ['compression', '01d01234060a4d000116'],
    ['no name', '01480206 0016'],
    ['a name with a space', '01480206 03612062 16'],
    ['a name that is not ASCII', '01480206 03618062 16'],
    ['a name longer than what is there', '01480206 04612e62 16'],
    ['a name shorter than what is there', '01480206 02612e62 16'],
    ['a name of 254 bytes', `01480206 fe${'61'.repeat(254)} 16`],
    ['an address of three bytes', '01400206 0a4d00 16'],
    ['an address of five bytes', '01400206 0a4d000101 16'],
    ['an IPv6 address of four bytes', '01440206 0a4d0001 16'],
    ['a caller without address', '014c0306 00000002 00 16'],
    ['a caller whose address is cut off', '014c0306 00000002 10c0000201 16'],
    ['a caller whose address is another than it says', '014c0306 00000002 05c0000201 16'],
    ['a caller that is to be listened for', '014e0306 00000002 04c0000201 16'],
  ])('start is refused with %s', (_, text) => {
    expect(read(readStart, unhex(text))).toBeNull();
  });

  it('a request is told from a confirmation', () => {
    fc.assert(
      fc.property(start, (value) => {
        expect(
          read(
            isStartRequest,
            written((b, at) => writeStart(b, at, value)),
          ),
        ).toBe(true);
        expect(
          read(
            isStartRequest,
            written((b, at) => writeStarted(b, at, value.channel)),
          ),
        ).toBe(false);
      }),
    );
  });

  it('started and terminate come back', () => {
    fc.assert(
      fc.property(terminate, (value) => {
        expect(
          read(
            readStarted,
            written((b, at) => writeStarted(b, at, value.channel)),
          ),
        ).toBe(value.channel);
        expect(
          read(
            readTerminate,
            written((b, at) => writeTerminate(b, at, value)),
          ),
        ).toEqual(value);
      }),
    );
    expect(hex(written((b, at) => writeStarted(b, at, 5)))).toBe('010005');
    expect(hex(written((b, at) => writeTerminate(b, at, { channel: 0x10000, kind: 2 })))).toBe(
      '050201000002',
    );
  });

  it('stop comes back', () => {
    fc.assert(
      fc.property(stop, (value) => {
        expect(
          read(
            readStop,
            written((b, at) => writeStop(b, at, value)),
          ),
        ).toEqual(value);
      }),
    );
    const short = { channel: 7, lastNumber: 0x0102 };
    expect(hex(written((b, at) => writeStop(b, at, short)))).toBe('0201070102');
  });

  it('stop is refused with a packet number that does not fit a double', () => {
    expect(read(readStop, unhex('02 07 01 ffffffffffffffff'))).toBeNull();
  });

  it('cut at any byte, all are refused', () => {
    const cutAll = (whole: Uint8Array, reader: Reader<unknown>, refused: unknown) => {
      for (const cut of truncations(whole)) expect(reader(cut.bytes, cut.offset, cut.length)).toBe(refused);
    };
    fc.assert(
      fc.property(start, terminate, stop, (open, over, end) => {
        cutAll(
          written((b, at) => writeStart(b, at, open)),
          readStart,
          null,
        );
        cutAll(
          written((b, at) => writeStarted(b, at, over.channel)),
          readStarted,
          -1,
        );
        cutAll(
          written((b, at) => writeTerminate(b, at, over)),
          readTerminate,
          null,
        );
        cutAll(
          written((b, at) => writeStop(b, at, end)),
          readStop,
          null,
        );
      }),
      { numRuns: 30 },
    );
  });

  it('never throw, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (noise) => {
        for (const reader of [readStart, readStarted, readStop, readTerminate]) read<unknown>(reader, noise);
      }),
    );
  });
});
