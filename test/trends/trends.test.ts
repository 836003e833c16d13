import { beforeEach, expect, test } from 'vitest';
import type { PathSample, PeerSample, Sample } from '../../src/engine/messages.ts';
import { Trends } from '../../src/trends/trends.ts';

const PATH: PathSample = {
  path: 0,
  interfaceName: 'wlan0',
  remote: '192.0.2.1:4600',
  state: 'up',
  rttMs: 20.123,
  lossOut: 0.01,
  lossIn: null,
  sentBytes: 0,
  receivedBytes: 0,
  firstArrivals: 0,
  savedPackets: 0,
};

const PEER: PeerSample = {
  name: 'server',
  address: '10.77.0.2',
  isConnected: true,
  sentBytes: 0,
  receivedBytes: 0,
  duplicatesDropped: 0,
  streamCount: 0,
  paths: [PATH],
};

let nowMs = 0;
const clock = { bootMs: () => nowMs, wallMs: () => nowMs + 1_000_000 };
beforeEach(() => {
  nowMs = 0;
});

function sample(peers: readonly PeerSample[], counts: Partial<Sample> = {}): Sample {
  nowMs += 1_000;
  const connectedCount = peers.filter(({ isConnected }) => isConnected).length;
  return {
    atMs: nowMs,
    peerCount: peers.length,
    connectedCount,
    sentBytes: 0,
    receivedBytes: 0,
    peers,
    ...counts,
  };
}

/** A peer whose path has carried so much. */
const carried = (sentBytes: number, path: Partial<PathSample> = {}): PeerSample => ({
  ...PEER,
  sentBytes,
  paths: [{ ...PATH, sentBytes: 2 * sentBytes, ...path }],
});

test('counters become rates, and what is not known is a gap', () => {
  const trends = new Trends(clock);
  trends.push(sample([carried(1_000)]));
  trends.push(sample([carried(3_000)]));
  trends.push(null);
  nowMs += 1_000;
  trends.push(sample([carried(5_000, { state: 'down' })]));
  // The path was opened anew: it counts from nothing.
  trends.push(sample([carried(5_000, { sentBytes: 100 })]));
  const { peers, first, atMs, epochMs } = trends.answer({});
  expect({ first, atMs, epochMs }).toEqual({
    first: 0,
    atMs: [1_000, 2_000, 2_000, 4_000, 5_000],
    epochMs: 1_000_000,
  });
  // Three seconds lie between the second and the fourth: one without an answer.
  expect(peers[0].columns.sent).toEqual([null, 2_000, null, 1_000, 0]);
  expect(peers[0].paths[0].columns).toMatchObject({
    level: [2, 2, null, 0, 2],
    rttMs: [20.12, 20.12, null, null, 20.12],
    lossOut: [0.01, 0.01, null, null, 0.01],
    lossIn: [null, null, null, null, null],
    sent: [null, 4_000, null, 2_000, 100],
  });
});

test('the ring forgets the oldest, and what was in none of its samples', () => {
  const trends = new Trends(clock, { capacity: 5 });
  trends.push(sample([PEER, { ...PEER, name: 'phone' }]));
  for (let second = 0; second < 4; second++) trends.push(sample([PEER]));
  expect(trends.answer({}).peers.map(({ name }) => name)).toEqual(['server', 'phone']);
  trends.push(sample([PEER]));
  const answer = trends.answer({});
  expect(answer.peers.map(({ name }) => name)).toEqual(['server']);
  expect(answer.first).toBe(1);
  expect(answer.atMs).toEqual([2_000, 3_000, 4_000, 5_000, 6_000]);
});

test('whoever asks again gets what is new', () => {
  const trends = new Trends(clock);
  for (let second = 0; second < 7; second++) trends.push(sample([PEER], { sentBytes: 10 * second }));
  expect(trends.answer({ from: 5 })).toMatchObject({
    first: 5,
    total: { sent: [10, 10], connected: [1, 1] },
  });
  expect(trends.answer({ last: 3 }).first).toBe(4);
  expect(trends.answer({ from: 100 })).toMatchObject({ first: 7, atMs: [] });
  expect(trends.answer({ from: 7 }).run).toBe(trends.answer({}).run);
});

test('of several peers the paths of the one that is asked for are told in full', () => {
  const trends = new Trends(clock);
  trends.push(
    sample([PEER, { ...PEER, name: 'phone', paths: [{ ...PATH, interfaceName: undefined, path: 3 }] }]),
  );
  const [server, phone] = trends.answer({ peer: 'phone' }).peers;
  expect(server.paths).toMatchObject([{ name: 'wlan0', isOpen: true, columns: { level: [] } }]);
  expect(phone.paths).toMatchObject([{ name: '3', last: { state: 'up' }, columns: { level: [2] } }]);
});

test('peers and paths beyond the bounds take the place of those that are gone, and of nobody else', () => {
  const trends = new Trends(clock, { maxPeers: 2, maxPaths: 3 });
  const two = [PATH, { ...PATH, interfaceName: 'wwan0' }];
  const named = (name: string, paths = two) => ({ ...PEER, name, paths });
  trends.push(sample([named('a'), named('b'), named('c')]));
  const counts = () => trends.answer({}).peers.map(({ name, paths }) => [name, paths.length]);
  expect(counts()).toEqual([
    ['a', 2],
    ['b', 1],
  ]);
  trends.push(sample([named('b')]));
  trends.push(sample([named('b'), named('c')]));
  expect(counts()).toEqual([
    ['b', 2],
    ['c', 1],
  ]);
});

test('a path that is closed is told apart from one that is down, and a peer that left from one that is here', () => {
  const trends = new Trends(clock);
  trends.push(sample([PEER]));
  trends.push(sample([{ ...PEER, isConnected: false, paths: [] }]));
  expect(trends.answer({}).peers[0]).toMatchObject({ isConnected: false, paths: [{ isOpen: false }] });
});

test('a path that is gone does not come back from an earlier turn of the ring', () => {
  const trends = new Trends(clock, { capacity: 4 });
  for (let second = 0; second < 4; second++) trends.push(sample([PEER]));
  for (let second = 0; second < 2; second++) trends.push(sample([{ ...PEER, paths: [] }]));
  expect(trends.answer({}).peers[0].paths[0].columns.level).toEqual([2, 2, null, null]);
});
