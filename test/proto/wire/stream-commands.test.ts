import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  readAck,
  readStart,
  readStarted,
  readStop,
  readTerminate,
  writeAck,
  writeStart,
  writeStarted,
  writeStop,
  writeTerminate,
} from '../../../src/proto/wire/stream-commands.ts';
import { embedded, hex, truncations, unhex, written } from '../bytes.ts';

const channel = fc.oneof(fc.nat(3), fc.nat(0xffffffff));
const packetNumber = fc.oneof(fc.nat(300), fc.maxSafeNat());
const start = fc.record({
  channel,
  compression: fc.boolean(),
  fragmentation: fc.boolean(),
  protocol: fc.nat(255),
  address: fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  ),
  port: fc.nat(0xffff),
});
const stop = fc.record({ channel, lastPacketNumber: packetNumber });
const range = fc
  .tuple(packetNumber, packetNumber)
  .map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) }));
const acks = fc.array(fc.record({ channel, ranges: fc.array(range, { minLength: 1, maxLength: 4 }) }), {
  minLength: 1,
  maxLength: 4,
});

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

  it('start stands as ResIP draws it', () => {
    const ssh = {
      channel: 0x1234,
      compression: false,
      fragmentation: true,
      protocol: 6,
      address: Uint8Array.of(10, 77, 0, 1),
      port: 22,
    };
    expect(hex(written((b, at) => writeStart(b, at, ssh)))).toBe('01501234060a4d000116');
    const web = { ...ssh, compression: true, address: new Uint8Array(16), port: 443 };
    expect(hex(written((b, at) => writeStart(b, at, web)))).toBe(`01d5123406${'00'.repeat(16)}01bb`);
  });

  it('start is refused with another IP version or a port of more than two bytes', () => {
    expect(read(readStart, unhex('01081234060a4d000116'))).toBeNull();
    expect(read(readStart, unhex('01120001060a4d0001000016'))).toBeNull();
  });

  it('started and terminate come back', () => {
    fc.assert(
      fc.property(channel, (value) => {
        expect(
          read(
            readStarted,
            written((b, at) => writeStarted(b, at, value)),
          ),
        ).toBe(value);
        expect(
          read(
            readTerminate,
            written((b, at) => writeTerminate(b, at, value)),
          ),
        ).toBe(value);
      }),
    );
    expect(hex(written((b, at) => writeStarted(b, at, 5)))).toBe('010005');
    expect(hex(written((b, at) => writeTerminate(b, at, 0x10000)))).toBe('0502010000');
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
    const short = { channel: 7, lastPacketNumber: 0x0102 };
    expect(hex(written((b, at) => writeStop(b, at, short)))).toBe('0201070102');
  });

  it('stop is refused with a packet number that does not fit a double', () => {
    expect(read(readStop, unhex('02 07 01 ffffffffffffffff'))).toBeNull();
  });

  it('ACK comes back', () => {
    fc.assert(
      fc.property(acks, (value) => {
        expect(
          read(
            readAck,
            written((b, at) => writeAck(b, at, value)),
          ),
        ).toEqual(value);
      }),
    );
  });

  it('ACK stands as ResIP draws it: channel, single packet, range, next channel', () => {
    const value = [
      {
        channel: 1,
        ranges: [
          { first: 5, last: 5 },
          { first: 0x100, last: 0x1ff },
        ],
      },
      { channel: 0x200, ranges: [{ first: 0, last: 1 }] },
    ];
    expect(hex(written((b, at) => writeAck(b, at, value)))).toBe(
      '03 0001 8005 c9010001ff 010200 c00001'.replaceAll(' ', ''),
    );
  });

  it('ACK is refused without a channel, without a range, or with a range that runs backwards', () => {
    for (const text of ['03', '038005', '030001', '0300010002 8005', '030001c00502']) {
      expect(read(readAck, unhex(text)), text).toBeNull();
    }
  });

  it('cut at any byte, all but ACK are refused; ACK is, unless the cut is between two ranges', () => {
    const cutAll = (whole: Uint8Array, reader: Reader<unknown>, refused: unknown) => {
      for (const cut of truncations(whole)) expect(reader(cut.bytes, cut.offset, cut.length)).toBe(refused);
    };
    fc.assert(
      fc.property(start, channel, stop, (open, number, end) => {
        cutAll(
          written((b, at) => writeStart(b, at, open)),
          readStart,
          null,
        );
        cutAll(
          written((b, at) => writeStarted(b, at, number)),
          readStarted,
          -1,
        );
        cutAll(
          written((b, at) => writeTerminate(b, at, number)),
          readTerminate,
          -1,
        );
        cutAll(
          written((b, at) => writeStop(b, at, end)),
          readStop,
          null,
        );
      }),
      { numRuns: 30 },
    );
    const single = [{ channel: 1_000, ranges: [{ first: 70_000, last: 80_000 }] }];
    cutAll(
      written((b, at) => writeAck(b, at, single)),
      readAck,
      null,
    );
  });

  it('never throw, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (noise) => {
        for (const reader of [readStart, readStarted, readStop, readAck, readTerminate])
          read<unknown>(reader, noise);
      }),
    );
  });
});
