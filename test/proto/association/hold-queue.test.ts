import { describe, expect, it } from 'vitest';
import { HoldQueue } from '../../../src/proto/association/hold-queue.ts';

const packet = (fill: number, length = 10) => new Uint8Array(length).fill(fill);

describe('hold queue', () => {
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
    for (let i = 0; i < 5; i++) queue.push(packet(i), 0, 0);
    expect(queue.overflowed).toBe(2);
    expect(queue.push(packet(7, 990), 0, 0)).toBe(2);
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
