/** What the page puts together of many answers is what one answer would have told. */
import { expect, test } from 'vitest';
import { Store } from '../../src/dashboard/page/store.ts';
import type { PeerSample, Sample } from '../../src/engine/messages.ts';
import { Trends } from '../../src/trends/trends.ts';

const CAPACITY = 30;
let nowMs = 0;

function makeTrends(): Trends {
  nowMs = 0;
  return new Trends({ bootMs: () => nowMs, wallMs: () => nowMs }, { capacity: CAPACITY });
}

/** Peers and paths come and go. */
function sample(second: number): Sample {
  nowMs = 1_000 * second;
  const path = (number: number) => ({
    path: number,
    interfaceName: `wlan${number}`,
    remote: '192.0.2.1:4600',
    state: second % 7 === 0 ? ('down' as const) : ('up' as const),
    rttMs: second,
    lossOut: null,
    lossIn: 0.5,
    sentBytes: 100 * second,
    receivedBytes: 50 * second,
    firstArrivals: second,
    savedPackets: 0,
  });
  const peer = (name: string, first: number): PeerSample => ({
    name,
    address: null,
    isConnected: true,
    sentBytes: second * second,
    receivedBytes: 0,
    duplicatesDropped: 0,
    streamCount: 0,
    paths: second > first + 4 ? [path(0), path(1)] : [path(0)],
  });
  const peers = [peer('laptop', 0), ...(second > 8 && second < 20 ? [peer('phone', 8)] : [])];
  return {
    atMs: nowMs,
    peerCount: 2,
    connectedCount: peers.length,
    sentBytes: second,
    receivedBytes: 0,
    peers,
  };
}

test.each([1, 2, 5, 11])('asked every %d seconds', (every) => {
  const trends = makeTrends();
  const store = new Store();
  for (let second = 1; second <= 70; second++) {
    trends.push(sample(second));
    if (second % every > 0) continue;
    expect(store.add(trends.answer({ from: store.next, peer: 'laptop' }))).toBe(true);
    const whole = trends.answer({ peer: 'laptop' });
    expect(store.all).toEqual(whole);
  }
});

test('after a silence longer than the ring, and of another run, it begins anew', () => {
  const trends = makeTrends();
  const store = new Store();
  trends.push(sample(1));
  expect(store.add(trends.answer({ from: store.next }))).toBe(true);
  for (let second = 2; second <= 60; second++) trends.push(sample(second));
  expect(store.add(trends.answer({ from: store.next }))).toBe(false);
  expect(store.next).toBe(0);
  expect(store.add(trends.answer({ from: store.next }))).toBe(true);
  const restarted = makeTrends();
  restarted.push(sample(1));
  expect(store.add(restarted.answer({ from: store.next }))).toBe(false);
  expect(store.add(restarted.answer({ from: store.next }))).toBe(true);
  expect(store.all?.atMs).toEqual([1_000]);
});
