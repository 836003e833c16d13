/** Datagrams between a local flow and a stream, over two ends under virtual time. */
import { expect, it } from 'vitest';
import { DatagramPump } from '../../src/engine/datagram-pump.ts';
import type { Stream } from '../../src/proto/stream/stream.ts';
import { TerminateKind } from '../../src/proto/wire/stream-commands.ts';
import { type End, Pair, TARGET } from '../proto/stream/pair.ts';

const UDP = { ...TARGET, protocol: 17 };
const MINUTE_MS = 60_000;

interface Side {
  readonly pump: DatagramPump;
  readonly stream: Stream;
  /** What the local socket was given. */
  readonly sent: string[];
  closed: number;
  /** Unless it is told otherwise, the socket takes what it gets at once. */
  hold: boolean;
  release(): void;
}

function side(pair: Pair, stream: Stream): Side {
  const waiting: (() => void)[] = [];
  const made: Side = {
    stream,
    sent: [],
    closed: 0,
    hold: false,
    release: () => waiting.shift()?.(),
    pump: new DatagramPump(
      stream,
      {
        send: (datagram, done) => {
          made.sent.push(Buffer.from(datagram).toString());
          if (made.hold) waiting.push(done);
          else done();
        },
        close: () => made.closed++,
      },
      {
        get nowMs() {
          return pair.nowMs;
        },
        drain: () => {},
      },
    ),
  };
  stream.owner = {
    read: () => made.pump.handleNews(4),
    set endedBy(_: number | null) {
      made.pump.handleNews(16);
    },
  };
  return made;
}

/** A flow that the client's end listens for, with a first datagram under way. */
function flow(pair: Pair): { here: Side; there: Side } {
  let there: Side | null = null;
  pair.server.onWanted = (stream) => {
    stream.accept();
    there = side(pair, stream);
  };
  const here = side(pair, (pair.client as End).streams.open(UDP, pair.nowMs) as Stream);
  here.pump.handleDatagram(Buffer.from('first'));
  pair.run(1_000, () => (there?.sent.length ?? 0) > 0);
  return { here, there: there as unknown as Side };
}

it('each datagram arrives as one, both ways', () => {
  const pair = new Pair(1);
  const { here, there } = flow(pair);
  here.pump.handleDatagram(Buffer.from(''));
  here.pump.handleDatagram(Buffer.from('third'));
  there.pump.handleDatagram(Buffer.from('answer'));
  expect(pair.run(1_000, () => here.sent.length === 1 && there.sent.length === 3)).toBe(true);
  expect(there.sent).toEqual(['first', '', 'third']);
  expect(here.sent).toEqual(['answer']);
});

it('a socket that takes one at a time gets them one at a time', () => {
  const pair = new Pair(1);
  const { here, there } = flow(pair);
  there.hold = true;
  for (const text of ['a', 'b', 'c']) here.pump.handleDatagram(Buffer.from(text));
  pair.run(1_000);
  expect(there.sent).toEqual(['first', 'a']);
  there.release();
  there.release();
  there.release();
  expect(there.sent).toEqual(['first', 'a', 'b', 'c']);
});

it('a flow ends two minutes after its last datagram, on both sides, and not before', () => {
  const pair = new Pair(1);
  const { here, there } = flow(pair);
  pair.run(MINUTE_MS);
  there.pump.handleDatagram(Buffer.from('late'));
  pair.run(2 * MINUTE_MS - 5_000);
  here.pump.endIfIdle();
  expect(here.pump.hasEnded).toBe(false);
  pair.run(6_000);
  here.pump.endIfIdle();
  expect(here.pump.hasEnded).toBe(true);
  expect(pair.run(1_000, () => [here, there].every(({ stream }) => stream.phase === 'over'))).toBe(true);
  expect([here.closed, there.closed]).toEqual([1, 1]);
});

it('a flow does not end while something waits for a path', () => {
  const pair = new Pair(1);
  const { here, there } = flow(pair);
  pair.run(1_000);
  for (const end of pair.ends) end.connect(0);
  here.pump.handleDatagram(Buffer.from('asked in an outage'));
  pair.run(60 * MINUTE_MS);
  here.pump.endIfIdle();
  expect(here.pump.hasEnded).toBe(false);
  for (const end of pair.ends) end.connect(1);
  expect(pair.run(5_000, () => there.sent.includes('asked in an outage'))).toBe(true);
});

it('a peer that ends it ends the local side, once', () => {
  const pair = new Pair(1);
  const { here, there } = flow(pair);
  there.stream.terminate(TerminateKind.REFUSED);
  expect(pair.run(1_000, () => here.closed === 1)).toBe(true);
  expect(here.stream.endedBy).toBe(TerminateKind.REFUSED);
  here.pump.abort();
  expect(here.closed).toBe(1);
});
