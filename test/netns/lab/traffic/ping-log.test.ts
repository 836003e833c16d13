import { expect, it } from 'vitest';
import { PingLog } from './ping-log.ts';

const answer = (at: string, sequence: number, ms: number) =>
  `[${at}] 64 bytes from 192.0.2.80: icmp_seq=${sequence} ttl=62 time=${ms} ms\n`;
const outstanding = (at: string, sequence: number) => `[${at}] no answer yet for icmp_seq=${sequence}\n`;

const text = [
  'PING 192.0.2.80 (192.0.2.80) 56(84) bytes of data.\n',
  outstanding('100.010000', 1),
  answer('100.020000', 1, 20),
  answer('100.031000', 2, 21),
  answer('100.032000', 2, 22).replace(' ms', ' ms (DUP!)'),
  outstanding('100.031000', 3),
  outstanding('100.041000', 4),
  answer('100.171000', 5, 131),
  'wrong data byte #16 should be 0xc0 but was 0x0\n',
  outstanding('100.051000', 6),
].join('');

function logOf(pieceLength: number): PingLog {
  const log = new PingLog();
  for (let at = 0; at < text.length; at += pieceLength) log.handleText(text.slice(at, at + pieceLength));
  return log;
}

it('tells what was lost, doubled and corrupt, and the gaps, from output in pieces', () => {
  for (const pieceLength of [1, 17, text.length]) {
    const log = logOf(pieceLength);
    expect(log.answered).toBe(3);
    expect(log.reportAnswered()).toEqual({
      sent: 5,
      received: 3,
      lost: [3, 4],
      duplicates: 1,
      corrupt: 1,
      longestGapMs: 139,
      medianRttMs: 22,
    });
  }
});

it('leaves out requests that may be under way, unless they are asked for', () => {
  expect(logOf(50).reportAll(7).lost).toEqual([3, 4, 6, 7]);
});

it('leaves out requests beyond those that count', () => {
  expect(logOf(50).reportAll(4)).toMatchObject({ sent: 4, received: 2, lost: [3, 4], longestGapMs: 11 });
  expect([logOf(50).answeredOf(4), logOf(50).answeredOf(5)]).toEqual([2, 3]);
});

it('tells of a span of time', () => {
  expect(logOf(50).reportSpan(100_005, 100_035)).toMatchObject({ sent: 2, received: 1, lost: [3] });
});

it('tells when answers began to come, to requests of a time', () => {
  expect(logOf(50).firstAnswerAfter(100_025)).toBeCloseTo(100_031, 0);
  expect(logOf(50).firstAnswerAfter(100_025, 100_035)).toBeCloseTo(100_171, 0);
  expect(logOf(50).firstAnswerAfter(100_200)).toBeUndefined();
});
