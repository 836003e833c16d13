import { describe, expect, it } from 'vitest';
import { EventQueue } from '../clock.ts';
import { Random } from '../random.ts';
import { address } from './address.ts';
import type { Datagram } from './datagram.ts';
import { CLEAN_LINK, Link, type LinkSettings } from './link.ts';

const datagram = (mark: number, bytes = 100): Datagram => ({
  from: address(4, 1, 1),
  to: address(4, 2, 2),
  bytes: new Uint8Array(bytes).fill(mark),
  sealed: null,
  isForged: false,
  sentMs: 0,
});

/** Sends `count` datagrams, one a millisecond; marks and times of what arrives. */
function send(
  settings: Partial<LinkSettings>,
  count: number,
  bytes?: number,
): { mark: number; atMs: number }[] {
  const queue = new EventQueue();
  const link = new Link(queue, new Random(7), { ...CLEAN_LINK, ...settings });
  const arrived: { mark: number; atMs: number }[] = [];
  for (let i = 0; i < count; i++)
    queue.at(i, () =>
      link.send(datagram(i & 0xff, bytes), ({ bytes: [mark] }) => arrived.push({ mark, atMs: queue.nowMs })),
    );
  while (queue.step(1e6));
  return arrived;
}

const isSorted = (marks: number[]) => marks.every((mark, i) => i === 0 || mark >= marks[i - 1]);

describe('a link', () => {
  it('delays', () => expect(send({ delayMs: 40 }, 1)).toEqual([{ mark: 0, atMs: 40 }]));

  it('loses as often as it says', () => {
    const arrived = send({ loss: 0.3 }, 10_000).length;
    expect(arrived).toBeGreaterThan(6_800);
    expect(arrived).toBeLessThan(7_200);
  });

  it('loses in bursts', () => {
    const marks = send({ burst: { enter: 0.02, leave: 0.2 } }, 10_000).map(({ atMs }) => Math.round(atMs));
    const gaps = marks.slice(1).filter((atMs, i) => atMs - marks[i] > 5).length;
    expect(gaps).toBeGreaterThan(20);
  });

  it('keeps the order under jitter, and changes it where it is told to', () => {
    const marks = (settings: Partial<LinkSettings>) => send(settings, 200).map(({ mark }) => mark);
    expect(isSorted(marks({ jitterMs: 30 }))).toBe(true);
    expect(isSorted(marks({ reorder: 0.2, reorderMs: 20 }))).toBe(false);
  });

  it('doubles', () => expect(send({ duplicate: 1 }, 50)).toHaveLength(100));

  it('sends no faster than its rate, and drops what its queue does not hold', () => {
    // 128 bytes with their headers are 1,024 bits: one a millisecond at a megabit.
    const arrived = send({ kilobitsPerSecond: 512, queueBytes: 1_280 }, 200, 100);
    expect(arrived.length).toBeLessThan(125);
    expect(arrived[9].atMs - arrived[8].atMs).toBeCloseTo(2, 0);
  });

  it('swallows what is larger than its MTU, and everything when it is a blackhole', () => {
    expect(send({ mtuBytes: 128 }, 1, 100)).toHaveLength(1);
    expect(send({ mtuBytes: 127 }, 1, 100)).toHaveLength(0);
    expect(send({ blackhole: true }, 10)).toHaveLength(0);
  });
});
