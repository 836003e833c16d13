import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REASSEMBLED_MAX_BYTES, Reassembly } from '../../../src/proto/receive/reassembly.ts';
import { Unit } from '../../../src/proto/receive/unit.ts';
import { IpFlags } from '../../../src/proto/wire/interior.ts';
import { embedded, hex } from '../bytes.ts';

const PARTIAL = 1;

interface Piece {
  packet: number;
  number: number;
  continued: boolean;
  notFirst: boolean;
  bytes: Uint8Array;
}

/** Cuts packets of the given piece lengths; packet numbers run through from `start`, as a sender counts. */
function cut(packets: readonly number[][], start: number): { pieces: Piece[]; wholes: Uint8Array[] } {
  const pieces: Piece[] = [];
  let number = start;
  const wholes = packets.map((lengths, packet) => {
    const whole = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
    for (let i = 0; i < whole.length; i++) whole[i] = (i >>> 8) + 7 * i + 31 * packet;
    let at = 0;
    for (const [i, length] of lengths.entries()) {
      const continued = i < lengths.length - 1;
      pieces.push({
        packet,
        number: number++,
        continued,
        notFirst: i > 0,
        bytes: whole.slice(at, at + length),
      });
      at += length;
    }
    return whole;
  });
  return { pieces, wholes };
}

/** Adds a piece out of the middle of a larger buffer; the completed packet, or null. */
function add(reassembly: Reassembly, piece: Piece, now = 0, ipFlags = 0, session = 1): Uint8Array | null {
  const { bytes, offset, length } = embedded(piece.bytes);
  const { number, continued, notFirst } = piece;
  const unit = new Unit();
  unit.set(session, number, continued, ipFlags | (notFirst ? IpFlags.NOT_FIRST : 0), bytes, offset, length);
  const complete = reassembly.add(session, unit, now);
  return complete ? reassembly.packet.slice(0, reassembly.packetLength) : null;
}

const lengths = fc
  .array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 5 })
  .filter((all) => all.reduce((sum, length) => sum + length, 0) <= REASSEMBLED_MAX_BYTES);
const packets = fc.array(lengths, { minLength: 1, maxLength: 20 });
const start = fc.oneof(fc.nat(1_000), fc.integer({ min: 2 ** 32 - 60, max: 2 ** 32 + 5 }));

describe('reassembly', () => {
  it('gives every packet once, whole, in whatever order the pieces come and however often', () => {
    fc.assert(
      fc.property(packets, start, fc.infiniteStream(fc.nat()), (sizes, first, dice) => {
        const { pieces, wholes } = cut(sizes, first);
        const copies = [...pieces, ...pieces.filter(() => (dice.next().value as number) % 3 === 0)];
        const shuffled = copies.map((piece) => ({ piece, key: dice.next().value as number }));
        shuffled.sort((a, b) => a.key - b.key);
        const reassembly = new Reassembly();
        // A copy of a piece that was used already never arrives in reality: the replay window stands before.
        const used = new Set<number>();
        const found = new Map<number, string>();
        for (const { piece } of shuffled) {
          if (used.has(piece.packet)) continue;
          const whole = add(reassembly, piece);
          if (whole === null) continue;
          used.add(piece.packet);
          found.set(piece.packet, hex(whole));
        }
        expect([...found].sort(([a], [b]) => a - b)).toEqual([...wholes.map(hex).entries()]);
        expect(reassembly.heldPieces).toBe(0);
        expect(reassembly.completed).toBe(wholes.length);
        expect(reassembly.dropped).toBe(0);
      }),
    );
  });

  it('gives exactly the packets that lost nothing, and forgets the others after a second', () => {
    fc.assert(
      fc.property(packets, start, fc.infiniteStream(fc.nat(99)), (sizes, first, dice) => {
        const { pieces, wholes } = cut(sizes, first);
        const arrived = pieces.filter(() => (dice.next().value as number) >= 20);
        const reassembly = new Reassembly();
        const found = arrived.map((piece) => add(reassembly, piece)).filter((whole) => whole !== null);
        const isWhole = (packet: number) =>
          arrived.filter((piece) => piece.packet === packet).length === sizes[packet].length;
        expect(found.map(hex)).toEqual(wholes.filter((_, packet) => isWhole(packet)).map(hex));
        const waiting = arrived.filter(({ packet }) => !isWhole(packet)).length;
        reassembly.expire(1_000);
        expect(reassembly.heldPieces).toBe(waiting);
        reassembly.expire(1_001);
        expect(reassembly.heldPieces).toBe(0);
        expect(reassembly.dropped).toBe(waiting);
      }),
    );
  });

  it('takes the flags of the first piece', () => {
    const { pieces } = cut([[10, 10]], 7);
    const reassembly = new Reassembly();
    add(reassembly, pieces[1], 0, 0);
    add(reassembly, pieces[0], 0, PARTIAL);
    expect(reassembly.packetFlags).toBe(PARTIAL);
    const again = cut([[10, 10]], 9).pieces;
    add(reassembly, again[0], 0, 0);
    add(reassembly, again[1], 0, PARTIAL);
    expect(reassembly.packetFlags).toBe(0);
  });

  it('keeps the first of two pieces with one number', () => {
    const { pieces, wholes } = cut([[10, 10]], 7);
    const reassembly = new Reassembly();
    add(reassembly, pieces[0]);
    add(reassembly, { ...pieces[0], bytes: new Uint8Array(10) });
    expect(reassembly.duplicates).toBe(1);
    expect(add(reassembly, pieces[1])).toEqual(wholes[0]);
  });

  it('does not join neighbours of different packets', () => {
    const reassembly = new Reassembly();
    const piece = { packet: 0, bytes: new Uint8Array(4) };
    expect(add(reassembly, { ...piece, number: 1, continued: true, notFirst: false })).toBeNull();
    expect(add(reassembly, { ...piece, number: 2, continued: true, notFirst: false })).toBeNull();
    expect(add(reassembly, { ...piece, number: 4, continued: false, notFirst: true })).toBeNull();
    expect(add(reassembly, { ...piece, number: 3, continued: false, notFirst: true })).toHaveLength(8);
    expect(reassembly.heldPieces).toBe(2);
  });

  it('does not forget a packet together with its neighbour', () => {
    const reassembly = new Reassembly();
    const { pieces } = cut(
      [
        [4, 4],
        [4, 4],
      ],
      1,
    );
    add(reassembly, { ...pieces[0], number: 2 }, 0);
    add(reassembly, pieces[2], 900);
    expect(pieces[2].number).toBe(3);
    reassembly.expire(1_001);
    expect([reassembly.dropped, reassembly.heldPieces]).toEqual([1, 1]);
  });
});

describe('pieces of two sessions', () => {
  it('never make one packet, whatever their numbers', () => {
    const reassembly = new Reassembly();
    const { pieces, wholes } = cut(
      [
        [5, 5],
        [7, 7],
      ],
      1,
    );
    const [first, last] = pieces;
    const [otherFirst, otherLast] = pieces.slice(2).map((piece) => ({ ...piece, number: piece.number - 2 }));
    expect(add(reassembly, first, 0, 0, 1)).toBeNull();
    expect(add(reassembly, otherLast, 0, 0, -2)).toBeNull();
    expect(add(reassembly, otherFirst, 0, 0, -2)).toEqual(wholes[1]);
    expect(add(reassembly, last, 0, 0, 1)).toEqual(wholes[0]);
  });
});

describe('the bounds of reassembly', () => {
  const half = (number: number): Piece => ({
    packet: number,
    number,
    continued: true,
    notFirst: false,
    bytes: Uint8Array.of(number),
  });

  it('64 packets: the oldest is forgotten, all of it', () => {
    const reassembly = new Reassembly();
    add(reassembly, half(0));
    add(reassembly, { ...half(1), notFirst: true });
    for (let i = 1; i < 64; i++) add(reassembly, half(10 * i));
    expect(reassembly.dropped).toBe(0);
    add(reassembly, half(640));
    expect(reassembly.dropped).toBe(2);
    expect(add(reassembly, { ...half(11), notFirst: true, continued: false })).toEqual(Uint8Array.of(10, 11));
    add(reassembly, half(650));
    expect(reassembly.dropped).toBe(2);
    expect(reassembly.heldPieces).toBe(64);
  });

  it('256 KiB: 128 pieces are held, whatever their size', () => {
    const reassembly = new Reassembly();
    for (let packet = 0; packet < 63; packet++) {
      add(reassembly, half(100 * packet));
      add(reassembly, { ...half(100 * packet + 1), notFirst: true });
      add(reassembly, { ...half(100 * packet + 2), notFirst: true });
      expect(reassembly.heldPieces).toBeLessThanOrEqual(128);
    }
    expect(reassembly.dropped + reassembly.heldPieces).toBe(3 * 63);
  });

  it('2,000 bytes and 16 pieces: a longer packet is forgotten whole', () => {
    const reassembly = new Reassembly();
    for (const piece of cut([[1_999, 1]], 10).pieces) add(reassembly, piece);
    expect(reassembly.packetLength).toBe(2_000);
    for (const piece of cut([[2_000, 1]], 20).pieces) expect(add(reassembly, piece)).toBeNull();
    for (const piece of cut([new Array(16).fill(1)], 40).pieces) add(reassembly, piece);
    expect([reassembly.completed, reassembly.dropped]).toEqual([2, 2]);
    for (const piece of cut([new Array(17).fill(1)], 60).pieces) expect(add(reassembly, piece)).toBeNull();
    expect([reassembly.dropped, reassembly.heldPieces]).toEqual([19, 0]);
  });

  it('pieces without bytes or of more than 2,000 are dropped', () => {
    const reassembly = new Reassembly();
    add(reassembly, { ...half(1), bytes: new Uint8Array(0) });
    add(reassembly, { ...half(2), bytes: new Uint8Array(2_001) });
    expect([reassembly.dropped, reassembly.heldPieces]).toEqual([2, 0]);
  });

  it('a second: the late piece finds nothing to join', () => {
    const { pieces } = cut([[5, 5]], 1);
    const reassembly = new Reassembly();
    add(reassembly, pieces[0], 0);
    expect(add(reassembly, pieces[1], 1_001)).toBeNull();
    expect([reassembly.dropped, reassembly.heldPieces]).toEqual([1, 1]);
  });

  it('memory is there while there is something to hold', () => {
    const reassembly = new Reassembly();
    expect(reassembly.packet.length).toBe(0);
    for (const piece of cut([[5, 5]], 1).pieces) add(reassembly, piece, 0);
    reassembly.expire(10_000);
    expect(reassembly.packet.length).toBe(REASSEMBLED_MAX_BYTES);
    reassembly.expire(10_001);
    expect(reassembly.packet.length).toBe(0);
    for (const piece of cut([[5, 5]], 3).pieces) add(reassembly, piece, 20_000);
    expect(reassembly.completed).toBe(2);
  });

  it('whatever a peer sends, they hold, and every piece is accounted for', () => {
    const hostile = fc.record({
      number: fc.oneof(fc.nat(40), fc.nat(2 ** 32 - 1)),
      continued: fc.boolean(),
      notFirst: fc.boolean(),
      size: fc.oneof(fc.nat(3), fc.nat(2_100)),
      pause: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(700) }),
    });
    fc.assert(
      fc.property(fc.array(hostile, { minLength: 50, maxLength: 400 }), (pieces) => {
        const reassembly = new Reassembly();
        let now = 0;
        let used = 0;
        for (const [i, { size, pause, ...piece }] of pieces.entries()) {
          now += pause;
          const held = reassembly.heldPieces;
          const lost = reassembly.dropped + reassembly.duplicates;
          const whole = add(reassembly, { ...piece, packet: 0, bytes: new Uint8Array(size) }, now);
          const gone = reassembly.dropped + reassembly.duplicates - lost;
          if (whole !== null) used += held + 1 - gone - reassembly.heldPieces;
          expect(whole?.length ?? 0).toBeLessThanOrEqual(REASSEMBLED_MAX_BYTES);
          expect(reassembly.heldPieces).toBeLessThanOrEqual(128);
          expect(reassembly.heldPieces + reassembly.dropped + reassembly.duplicates + used).toBe(i + 1);
        }
        reassembly.expire(now + 1_001);
        expect(reassembly.heldPieces).toBe(0);
      }),
    );
  });
});
