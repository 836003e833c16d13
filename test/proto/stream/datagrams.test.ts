import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DatagramReader, MAX_DATAGRAM_BYTES, writeDatagram } from '../../../src/proto/stream/datagrams.ts';
import type { Stream } from '../../../src/proto/stream/stream.ts';
import { TerminateKind } from '../../../src/proto/wire/stream-commands.ts';
import { Pair, TARGET } from './pair.ts';

const UDP = { ...TARGET, protocol: 17 };

/** A flow from the client, and what the server has read of it. */
function flow(pair: Pair): { stream: Stream; arrived: Uint8Array[]; there: () => Stream } {
  const arrived: Uint8Array[] = [];
  const reader = new DatagramReader();
  let there: Stream | null = null;
  pair.server.onWanted = (wanted) => {
    there = wanted;
    wanted.accept();
    wanted.owner = {
      read: () => {
        for (
          let each = reader.next(wanted, pair.nowMs);
          each !== null;
          each = reader.next(wanted, pair.nowMs)
        )
          arrived.push(each);
      },
    };
  };
  const stream = pair.client.streams.open(UDP, pair.nowMs) as Stream;
  return { stream, arrived, there: () => there as unknown as Stream };
}

it('datagrams of any size arrive as they were given, over a wire that loses and reorders', () => {
  const size = fc.oneof(fc.nat(3), fc.nat(2_000), fc.constantFrom(MAX_DATAGRAM_BYTES, 30_000));
  fc.assert(
    fc.property(fc.nat(1e6), fc.array(fc.tuple(size, fc.nat(30)), { maxLength: 30 }), (seed, sizes) => {
      const pair = new Pair(seed, { loss: 0.1, jitterMs: 30, rate: 2_000 });
      const { stream, arrived } = flow(pair);
      const given: Uint8Array[] = [];
      for (const [bytes, pauseMs] of sizes) {
        const datagram = new Uint8Array(bytes).fill(given.length + 1);
        if (writeDatagram(stream, datagram)) given.push(datagram);
        pair.run(pauseMs);
      }
      pair.run(60_000, () => arrived.length === given.length);
      expect(Buffer.concat(arrived)).toHaveLength(given.reduce((sum, { length }) => sum + length, 0));
      expect(arrived.every((each, i) => Buffer.from(each).equals(given[i]))).toBe(true);
    }),
    { numRuns: 10 },
  );
});

it('the largest datagram finds room in a stream at rest', () => {
  const pair = new Pair(1);
  const { stream } = flow(pair);
  expect(writeDatagram(stream, new Uint8Array(MAX_DATAGRAM_BYTES))).toBe(true);
  expect(writeDatagram(stream, new Uint8Array(MAX_DATAGRAM_BYTES + 1))).toBe(false);
});

it('what finds no room is dropped whole while nothing is taken', () => {
  const pair = new Pair(1);
  const { stream, arrived } = flow(pair);
  for (const end of pair.ends) end.connect(0);
  let given = 0;
  while (writeDatagram(stream, new Uint8Array(10_000))) given++;
  expect(given).toBe(6);
  expect(writeDatagram(stream, new Uint8Array(5))).toBe(true);
  for (const end of pair.ends) end.connect(1);
  expect(pair.run(5_000, () => arrived.length === 7)).toBe(true);
  expect(arrived.map(({ length }) => length)).toEqual([...new Array(6).fill(10_000), 5]);
});

it('a length beyond the largest resets the flow', () => {
  const pair = new Pair(1);
  const { stream, arrived, there } = flow(pair);
  stream.write(Uint8Array.of(0xff, 0xff, 1, 2), 0, 4);
  expect(pair.run(5_000, () => stream.phase === 'over')).toBe(true);
  expect(stream.endedBy).toBe(TerminateKind.RESET);
  expect(there().phase).toBe('over');
  expect(arrived).toEqual([]);
});
