import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IP_INTERIOR_BYTES } from '../../../src/proto/packet-batch.ts';
import {
  COMMAND_CHANNEL,
  COMMAND_INTERIOR_BYTES,
  InteriorReader,
  IP_CHANNEL,
  IpFlags,
  writeInteriorHeader,
  writeIpInterior,
} from '../../../src/proto/wire/interior.ts';
import { embedded, flipped, hex, truncations, written } from '../bytes.ts';

interface Interior {
  channel: number;
  packetNumber: number;
  continued: boolean;
  data: Uint8Array;
}

const interior: fc.Arbitrary<Interior> = fc.record({
  channel: fc.oneof(fc.nat(3), fc.nat(0xffffffff)),
  packetNumber: fc.oneof(fc.nat(300), fc.maxSafeNat()),
  continued: fc.boolean(),
  data: fc.uint8Array({ maxLength: 40 }),
});

function write(interiors: readonly Interior[], fromServer: boolean): Uint8Array {
  return written((bytes, at) => {
    let end = at;
    for (const { channel, packetNumber, continued, data } of interiors) {
      end += writeInteriorHeader(bytes, end, fromServer, channel, packetNumber, data.length, continued);
      bytes.set(data, end);
      end += data.length;
    }
    return end - at;
  }, 1_024);
}

const reader = new InteriorReader();

function read(whole: { bytes: Uint8Array; offset: number; length: number }, peerIsServer: boolean) {
  reader.reset(whole.bytes, whole.offset, whole.length, peerIsServer);
  const found: Interior[] = [];
  while (reader.next()) {
    const { channel, packetNumber, continued, dataOffset, dataLength } = reader;
    expect(dataOffset + dataLength).toBeLessThanOrEqual(whole.offset + whole.length);
    found.push({
      channel,
      packetNumber,
      continued,
      data: whole.bytes.slice(dataOffset, dataOffset + dataLength),
    });
  }
  expect(reader.next()).toBe(false);
  return { found, ok: reader.ok };
}

describe('interior packets', () => {
  it('come back, several in one datagram, from either side', () => {
    fc.assert(
      fc.property(fc.array(interior, { maxLength: 5 }), fc.boolean(), (interiors, fromServer) => {
        expect(read(embedded(write(interiors, fromServer)), fromServer)).toEqual({
          found: interiors,
          ok: true,
        });
      }),
    );
  });

  it('are refused when S names the reader itself', () => {
    const one = [{ channel: 1, packetNumber: 7, continued: false, data: Uint8Array.of(1) }];
    expect(read(embedded(write(one, true)), false)).toEqual({ found: [], ok: false });
    expect(read(embedded(write(one, false)), true)).toEqual({ found: [], ok: false });
  });

  it('are refused when compressed', () => {
    const bytes = write([{ channel: 1, packetNumber: 7, continued: false, data: Uint8Array.of(1) }], false);
    bytes[0] |= 0x40;
    expect(read(embedded(bytes), false)).toEqual({ found: [], ok: false });
  });

  it('are refused with a packet number that does not fit a double', () => {
    const header = Uint8Array.of(0x07, 1, 0x00, 0x20, 0, 0, 0, 0, 0, 0, 0, 0);
    expect(read(embedded(header), false)).toEqual({ found: [], ok: false });
    header.set([0x00, 0x1f, 255, 255, 255, 255, 255, 255], 2);
    expect(read(embedded(header), false).found[0].packetNumber).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('cut anywhere: whole ones before the cut are read, the rest is a fault', () => {
    const interiors = [
      { channel: 1, packetNumber: 1, continued: true, data: Uint8Array.of(1, 2, 3) },
      { channel: 70_000, packetNumber: 2 ** 40, continued: false, data: Uint8Array.of(4) },
    ];
    const whole = write(interiors, false);
    const boundaries = [0, write(interiors.slice(0, 1), false).length];
    for (const cut of truncations(whole)) {
      const { found, ok } = read(cut, false);
      expect(found).toEqual(interiors.slice(0, cut.length >= boundaries[1] ? 1 : 0));
      expect(ok).toBe(boundaries.includes(cut.length));
    }
  });

  it('never lead outside, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 80 }),
        fc.boolean(),
        (noise, side) => void read(embedded(noise), side),
      ),
    );
    const whole = write([{ channel: 1, packetNumber: 9, continued: false, data: new Uint8Array(20) }], true);
    fc.assert(fc.property(fc.nat(), (bit) => void read(embedded(flipped(whole, bit)), true)));
  });

  it('hold a command in 5 bytes of header', () => {
    const header = written((b, at) => writeInteriorHeader(b, at, true, COMMAND_CHANNEL, 0, 21, false));
    expect(hex(header)).toBe('8000000015');
    expect(header.length).toBe(COMMAND_INTERIOR_BYTES);
  });
});

describe('the fixed form on the IP channel', () => {
  it('stands as in PROTOCOL.md §3', () => {
    const flags = IpFlags.PARTIAL_CHECKSUM | IpFlags.NOT_FIRST;
    const header = written((b, at) => writeIpInterior(b, at, true, 0x1_89abcdef, 1_400, true, flags));
    expect(hex(header)).toBe('a3 01 89abcdef 0579 03'.replaceAll(' ', ''));
    expect(header.length).toBe(IP_INTERIOR_BYTES);
  });

  it('is read like any other', () => {
    const piece = fc.uint8Array({ minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.nat(0xffffffff),
        fc.boolean(),
        fc.nat(3),
        piece,
        (side, number, continued, flags, bytes) => {
          const whole = written((b, at) => {
            const length = writeIpInterior(b, at, side, number, bytes.length, continued, flags);
            b.set(bytes, at + length);
            return length + bytes.length;
          });
          const data = Uint8Array.of(flags, ...bytes);
          expect(read(embedded(whole), side).found).toEqual([
            { channel: IP_CHANNEL, packetNumber: number, continued, data },
          ]);
        },
      ),
    );
  });
});
