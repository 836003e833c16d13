import { describe, expect, it } from 'vitest';
import { HoldQueue } from '../../../src/proto/association/hold-queue.ts';
import { HoldRank, holdRank } from '../../../src/proto/association/hold-rank.ts';

const packet = (fill: number, length = 10) => new Uint8Array(length).fill(fill);

/** IPv4 to port `port`. */
function ip(protocol: number, port: number, length: number, tcpFlags = 0): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes[0] = 0x45;
  bytes[9] = protocol;
  bytes[22] = port >> 8;
  bytes[23] = port & 0xff;
  if (protocol === 6) bytes[33] = tcpFlags;
  return bytes;
}

/** IPv6 with the same transport header. */
function ip6(protocol: number, port: number, length: number, tcpFlags = 0): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes[0] = 0x60;
  bytes[6] = protocol;
  bytes[42] = port >> 8;
  bytes[43] = port & 0xff;
  if (protocol === 6) bytes[53] = tcpFlags;
  return bytes;
}

const SYN = 0x02;
const ACK = 0x10;

describe('what a packet is worth in the hold queue', () => {
  it.each([
    ['a DNS query', ip(17, 53, 60), HoldRank.OPENING],
    ['a DNS query over IPv6', ip6(17, 53, 80), HoldRank.OPENING],
    ['a SYN', ip(6, 443, 60, SYN), HoldRank.OPENING],
    ['a SYN over IPv6', ip6(6, 443, 80, SYN), HoldRank.OPENING],
    ['the answer to a SYN', ip(6, 443, 60, SYN | ACK), HoldRank.SMALL],
    ['an acknowledgement', ip(6, 443, 52, ACK), HoldRank.SMALL],
    ['a segment', ip(6, 443, 1_400, ACK), HoldRank.BULK],
    ['a large datagram', ip(17, 443, 1_200), HoldRank.BULK],
    ['a header without a transport', ip(6, 443, 24), HoldRank.SMALL],
    ['a fragment that is not the first', ip(17, 53, 60).fill(1, 7, 8), HoldRank.SMALL],
  ])('%s', (_what, bytes, rank) => expect(holdRank(bytes)).toBe(rank));
});

describe('hold queue', () => {
  it('gives up bulk before small packets, and both before what opens a conversation', () => {
    const queue = new HoldQueue({ packets: 4, bytes: 100_000, ageMs: 1_000 });
    const [dns, syn] = [ip(17, 53, 60), ip(6, 443, 60, SYN)];
    const ping = ip(1, 0, 84);
    for (const bytes of [dns, ip(6, 1, 1_400, ACK), syn, ping, ip(6, 2, 1_400, ACK)]) queue.push(bytes, 0, 0);
    for (let i = 0; i < 20; i++) queue.push(ip(6, 3, 1_400, ACK), 0, 0);
    expect(queue.drain().map(({ bytes }) => bytes.length)).toEqual([60, 60, 84, 1_400]);
    for (let i = 0; i < 9; i++) queue.push(syn, 0, 0);
    expect(queue.push(ping, 0, 0)).toBe(1);
    expect(queue.drain().every(({ bytes }) => bytes.length === 60)).toBe(true);
  });

  it('hands packets over in order and is empty then', () => {
    const queue = new HoldQueue();
    queue.push(packet(1), 0, 0);
    queue.push(packet(2), 1, 5);
    expect(queue.drain().map(({ bytes, flags }) => [bytes[0], flags])).toEqual([
      [1, 0],
      [2, 1],
    ]);
    expect(queue.length).toBe(0);
  });

  it('copies what it holds', () => {
    const queue = new HoldQueue();
    const bytes = packet(1);
    queue.push(bytes, 0, 0);
    bytes.fill(9);
    expect(queue.drain()[0].bytes[0]).toBe(1);
  });

  it('lets the oldest go when packets or bytes are too many, and counts them', () => {
    const queue = new HoldQueue({ packets: 3, bytes: 1000, ageMs: 1000 });
    for (let i = 0; i < 5; i++) queue.push(packet(i, 300), 0, 0);
    expect(queue.overflowed).toBe(2);
    expect(queue.push(packet(7, 650), 0, 0)).toBe(2);
    expect(queue.drain().map(({ bytes }) => bytes[0])).toEqual([4, 7]);
  });

  it('forgets what is too old, and counts it', () => {
    const queue = new HoldQueue({ packets: 9, bytes: 1000, ageMs: 100 });
    queue.push(packet(1), 0, 0);
    queue.push(packet(2), 0, 60);
    expect(queue.expire(100)).toBe(0);
    expect(queue.expire(101)).toBe(1);
    expect(queue.expired).toBe(1);
    expect(queue.drain().map(({ bytes }) => bytes[0])).toEqual([2]);
  });
});
