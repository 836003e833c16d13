import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AckReader, AckWriter } from '../../../src/proto/wire/stream-ack.ts';
import { embedded, hex, truncations, unhex } from '../bytes.ts';

interface Ack {
  readonly channel: number;
  readonly limit: number;
  readonly ranges: readonly (readonly [number, number])[];
}

const number = fc.oneof(fc.nat(300), fc.maxSafeNat());
const range = fc.tuple(number, number).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
const acks = fc.array(
  fc.record({ channel: fc.nat(0xffffffff), limit: number, ranges: fc.array(range, { maxLength: 4 }) }),
  { minLength: 1, maxLength: 4 },
);

function write(value: readonly Ack[], room = 1_000): Uint8Array {
  const bytes = new Uint8Array(room + 8);
  const writer = new AckWriter();
  writer.begin(bytes, 4, 4 + room);
  for (const { channel, limit, ranges } of value) {
    if (!writer.channel(channel, limit)) break;
    for (const [first, last] of ranges) if (!writer.range(first, last)) break;
  }
  expect([...bytes.subarray(4 + room)]).toEqual([0, 0, 0, 0]);
  return bytes.slice(4, 4 + writer.length);
}

/** Null = malformed somewhere. */
function read(whole: Uint8Array): Ack[] | null {
  const { bytes, offset, length } = embedded(whole);
  const reader = new AckReader();
  const value: { channel: number; limit: number; ranges: [number, number][] }[] = [];
  reader.reset(bytes, offset, length);
  for (let kind = reader.next(); kind !== 'end'; kind = reader.next()) {
    if (kind === 'malformed') return null;
    if (kind === 'channel') value.push({ channel: reader.channel, limit: reader.limit, ranges: [] });
    else value.at(-1)?.ranges.push([reader.first, reader.last]);
  }
  return value;
}

describe('ACK', () => {
  it('comes back', () => {
    fc.assert(
      fc.property(acks, (value) => {
        expect(read(write(value))).toEqual(value);
      }),
    );
  });

  it('stands as ResIP draws it, with limits: channel, single number, range, next channel', () => {
    const value = [
      {
        channel: 1,
        limit: 9,
        ranges: [
          [5, 5],
          [0x100, 0x1ff],
        ] as const,
      },
      { channel: 0x200, limit: 0x10000, ranges: [[0, 1]] as const },
    ];
    expect(hex(write(value))).toBe('03400109 8005 c9010001ff 510200010000 c00001'.replaceAll(' ', ''));
  });

  it('without a limit is as in ResIP', () => {
    expect(read(unhex('0300018005'))).toEqual([{ channel: 1, limit: -1, ranges: [[5, 5]] }]);
  });

  it('is malformed without a channel, with a range that runs backwards, with what no double holds', () => {
    for (const text of ['03', '038005', '030001c00502', '037801ffffffffffffffff', '030001b8ffffffffffffffff'])
      expect(read(unhex(text)), text).toBeNull();
  });

  it('cut within an entry is malformed', () => {
    const whole = write([{ channel: 70_000, limit: 70_000, ranges: [[70_000, 80_000]] }]);
    const isWhole = [1 + 1 + 3 + 3];
    for (const cut of truncations(whole)) {
      const value = read(cut.bytes.slice(cut.offset, cut.offset + cut.length));
      if (isWhole.includes(cut.length)) expect(value).not.toBeNull();
      else expect(value).toBeNull();
    }
  });

  it('never passes the end that it was given', () => {
    fc.assert(
      fc.property(acks, fc.integer({ min: 1, max: 80 }), (value, room) => {
        expect(write(value, room).length).toBeLessThanOrEqual(room);
      }),
    );
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (noise) => {
        read(noise);
      }),
    );
  });
});
