import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isStartRequest,
  readStart,
  readStarted,
  readStop,
  readTerminate,
  writeStart,
  writeStarted,
  writeStop,
  writeTerminate,
} from '../../../src/proto/wire/stream-commands.ts';
import { embedded, hex, truncations, unhex, written } from '../bytes.ts';

const channel = fc.oneof(fc.nat(3), fc.nat(0xffffffff));
const packetNumber = fc.oneof(fc.nat(300), fc.maxSafeNat());
const host = fc.oneof(
  fc.uint8Array({ minLength: 4, maxLength: 4 }),
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
  fc.stringMatching(/^[!-~]{1,253}$/),
);
const start = fc.record({ channel, protocol: fc.nat(255), host, port: fc.nat(0xffff) });
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

  it('start is refused with compression, another kind of host, a name that is none, a port of more than two bytes', () => {
    for (const text of [
      '01d01234060a4d000116',
      '015c1234060a4d000116',
      '01480206 0016',
      '01480206 03612062 16',
      '01480206 03618062 16',
      '01520001060a4d0001000016',
    ])
      expect(read(readStart, unhex(text)), text).toBeNull();
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
