import { expect, it } from 'vitest';
import { News, type Stream, type Target } from '../../../src/proto/stream/stream.ts';
import { TerminateKind } from '../../../src/proto/wire/stream-commands.ts';
import { type End, Pair, TARGET } from './pair.ts';

const WHERE: Target = { protocol: 6, host: '*', port: 2222, listens: true };
const CALLER = Uint8Array.of(203, 0, 113, 7);

interface Answer {
  endedBy: number | null;
  received: number[];
}

/** Keeps what a stream brings. */
function answer(pair: Pair, stream: Stream): Answer {
  const seen: Answer = { endedBy: null, received: [] };
  stream.owner = {
    read: () => {
      for (let bytes = stream.peek(); bytes !== null; bytes = stream.peek()) {
        seen.received.push(...bytes);
        stream.take(bytes.length, pair.nowMs);
      }
    },
    set endedBy(kind: number | null) {
      seen.endedBy = kind;
    },
  };
  return seen;
}

/** The client has asked, the server listens. */
function listening(pair: Pair): { here: Stream; there: Stream; seen: Answer } {
  const wanted = wantedAt(pair.server);
  const here = pair.client.streams.open(WHERE, pair.nowMs) as Stream;
  const seen = answer(pair, here);
  pair.run(1_000, () => wanted.length > 0);
  const [there] = wanted;
  there.accept();
  there.write(Uint8Array.of(2222 >> 8, 2222 & 0xff), 0, 2);
  pair.run(1_000, () => seen.received.length === 2);
  return { here, there, seen };
}

function wantedAt(end: End): Stream[] {
  const wanted: Stream[] = [];
  end.onWanted = (stream) => wanted.push(stream);
  return wanted;
}

it('the server hears where to listen, and answers with the port', () => {
  const pair = new Pair(1);
  const { there, seen } = listening(pair);
  expect(there.target).toEqual(WHERE);
  expect(seen.received).toEqual([8, 174]);
});

it('a caller reaches the stream that asked for it, and the client alone knows where that leads', () => {
  const pair = new Pair(1);
  const { here, there } = listening(pair);
  const wanted = wantedAt(pair.client);
  const caller = there.openForCaller(CALLER, 50_000, pair.nowMs) as Stream;
  const heard = answer(pair, caller);
  expect(pair.run(1_000, () => wanted.length > 0)).toBe(true);
  expect(wanted[0].listening).toBe(here);
  expect(wanted[0].target).toEqual({ protocol: 6, host: CALLER, port: 50_000, listener: here.channel });
  wanted[0].accept();
  wanted[0].write(Uint8Array.of(1, 2, 3), 0, 3);
  expect(pair.run(1_000, () => heard.received.length === 3)).toBe(true);
});

it('the listening channel lasts three days without a path, and callers of that time get through afterwards', () => {
  const pair = new Pair(1);
  const { here, there } = listening(pair);
  for (const end of pair.ends) end.connect(0);
  const wanted = wantedAt(pair.client);
  expect(there.openForCaller(CALLER, 50_000, pair.nowMs)).not.toBeNull();
  pair.run(72 * 3_600_000);
  for (const end of pair.ends) end.connect(1);
  expect(pair.run(140, () => wanted.length > 0)).toBe(true);
  expect(wanted[0].listening).toBe(here);
});

it.each([
  ['denied', TerminateKind.DENIED],
  ['an address in use', TerminateKind.ADDRESS_IN_USE],
])('%s is heard by the client', (_, kind) => {
  const pair = new Pair(1);
  pair.server.onWanted = (stream) => stream.terminate(kind);
  const seen = answer(pair, pair.client.streams.open(WHERE, 0) as Stream);
  expect(pair.run(1_000, () => seen.endedBy !== null)).toBe(true);
  expect(seen.endedBy).toBe(kind);
});

it('the client ends it: the server hears of it, and callers that are connected stay', () => {
  const pair = new Pair(1);
  const { here, there } = listening(pair);
  const gone = answer(pair, there);
  const wanted = wantedAt(pair.client);
  const caller = there.openForCaller(CALLER, 50_000, pair.nowMs) as Stream;
  pair.run(1_000, () => wanted.length > 0);
  wanted[0].accept();
  here.terminate(TerminateKind.RESET);
  expect(pair.run(1_000, () => gone.endedBy === TerminateKind.RESET)).toBe(true);
  const heard = answer(pair, caller);
  wanted[0].write(Uint8Array.of(9), 0, 1);
  expect(pair.run(1_000, () => heard.received.length === 1)).toBe(true);
  expect(there.openForCaller(CALLER, 50_001, pair.nowMs)).toBeNull();
});

it('the server that is another than before has ended it', () => {
  const pair = new Pair(1);
  const { seen } = listening(pair);
  pair.client.streams.handlePeerRestarted();
  pair.run(10);
  expect(seen.endedBy).toBe(TerminateKind.GONE);
});

it.each([
  ['that names a target', { ...TARGET, port: 22 }],
  ['for a channel that is none', { ...TARGET, listener: 40 }],
  ['for a channel that does not listen', { ...TARGET, listener: 4 }],
  ['for another protocol', { ...TARGET, protocol: 17, listener: 2 }],
])('a start of the server %s is denied without asking anybody', (_, target: Target) => {
  const pair = new Pair(1);
  const { here } = listening(pair);
  expect(here.channel).toBe(2);
  expect(pair.client.streams.open(TARGET, 0)?.channel).toBe(4);
  const wanted = wantedAt(pair.client);
  const seen = answer(pair, pair.server.streams.open(target, pair.nowMs) as Stream);
  expect(pair.run(1_000, () => seen.endedBy !== null)).toBe(true);
  expect(seen.endedBy).toBe(TerminateKind.DENIED);
  expect(wanted).toEqual([]);
});

it('a caller for a channel that has been ended meanwhile is denied', () => {
  const pair = new Pair(1);
  const { here, there } = listening(pair);
  here.terminate(TerminateKind.RESET);
  const seen = answer(pair, there.openForCaller(CALLER, 1, pair.nowMs) as Stream);
  expect(pair.run(1_000, () => seen.endedBy !== null)).toBe(true);
  expect(seen.endedBy).toBe(TerminateKind.DENIED);
});

it('the server cannot ask the client to listen, and a client tells of no callers', () => {
  const pair = new Pair(1);
  listening(pair);
  for (const [end, target] of [
    [pair.server, WHERE],
    [pair.client, { ...TARGET, listener: 2 }],
  ] as const) {
    const before = pair.refused;
    const stream = end.streams.open(target, pair.nowMs) as Stream;
    pair.run(1_000);
    expect(pair.refused).toBeGreaterThan(before);
    expect(stream.news & News.STARTED).toBe(0);
    stream.terminate(TerminateKind.RESET);
    pair.run(1_000);
  }
});

it('a name that cannot be sent is the caller’s mistake', () => {
  const { client } = new Pair(1);
  for (const host of ['', 'a'.repeat(254), 'a b', 'ä'])
    expect(() => client.streams.open({ ...TARGET, host }, 0)).toThrow(/no name of a host/);
  expect(client.streams.open({ ...TARGET, host: 'a'.repeat(253) }, 0)).not.toBeNull();
});
