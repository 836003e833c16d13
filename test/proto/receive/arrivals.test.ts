import { beforeEach, describe, expect, it } from 'vitest';
import { Arrivals } from '../../../src/proto/receive/arrivals.ts';

const RING = 4_096;

let arrivals: Arrivals;
let number: number;

beforeEach(() => {
  arrivals = new Arrivals();
  number = 0;
});

/** Packets that come over path 0 first; `isCopied`: and over path 1 later. */
function receive(count: number, now: number, isCopied: (number: number) => boolean): void {
  for (let i = 0; i < count; i++, number++) {
    arrivals.handleFirst(number, 0, now);
    if (isCopied(number)) arrivals.handleCopy(number, now);
  }
}

describe('what a path has saved', () => {
  it('are the packets whose other copy never came', () => {
    receive(10_000, 0, (n) => n % 10 !== 0);
    receive(RING, 0, () => true);
    expect(arrivals.savedPackets[0]).toBeGreaterThan(990);
    expect(arrivals.savedPackets[0]).toBeLessThanOrEqual(1_000);
    expect(arrivals.savedPackets[1]).toBe(0);
  });

  it('are all of them while the other path swallows everything, for as long as it gets copies', () => {
    receive(100, 0, () => true);
    receive(1_000, 4_000, () => false);
    receive(RING, 4_500, () => true);
    expect(arrivals.savedPackets[0]).toBe(1_000);
  });

  it('are none where no copies are sent', () => {
    receive(20_000, 0, () => false);
    expect(arrivals.savedPackets[0]).toBe(0);
    receive(100, 0, () => true);
    receive(20_000, 6_000, () => false);
    expect(arrivals.savedPackets[0]).toBe(0);
  });

  it('are none of a path that was closed', () => {
    receive(100, 0, () => true);
    receive(100, 0, () => false);
    arrivals.forget(0);
    receive(2 * RING, 0, () => true);
    expect(arrivals.savedPackets[0]).toBe(0);
  });
});
