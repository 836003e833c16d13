import { describe, expect, it } from 'vitest';
import { Transmission } from '../../../src/proto/stream/transmission.ts';
import { Way } from '../../../src/proto/stream/way.ts';

const PACKET_BYTES = 1_300;
const HOUR_MS = 3_600_000;

function send(way: Way, now: number, bytes = PACKET_BYTES): Transmission {
  const transmission = new Transmission();
  transmission.bytes = bytes;
  way.handleSent(transmission, now);
  return transmission;
}

/** A packet whose acknowledgement comes after `rttMs`. */
function exchange(way: Way, now: number, rttMs: number, bytes = PACKET_BYTES): void {
  const sent = send(way, now, bytes);
  way.handleArrived(sent, now + rttMs);
  way.remove(sent);
  way.settle(now + rttMs);
}

describe('a way over which an acknowledgement came after hours', () => {
  it('takes nothing for a round trip in which the machine slept', () => {
    const way = new Way(0);
    exchange(way, 0, 8 * HOUR_MS);
    expect(way.rtt.smoothedMs).toBeNull();
    send(way, 9 * HOUR_MS);
    expect(way.timeoutMs - 9 * HOUR_MS).toBeLessThan(1_000);
    exchange(way, 10 * HOUR_MS, 50);
    expect(way.rtt.smoothedMs).toBe(50);
  });
});

describe('a way that seemed to carry nearly nothing', () => {
  it('is filled with a packet a second at least', () => {
    const way = new Way(0);
    exchange(way, 0, 9_000, 60);
    // What may leave at once after a pause is gone.
    for (let i = 0; i < 12; i++) way.remove(send(way, 20_000));
    let packets = 0;
    for (let now = 20_000; now < 40_000; now += 10)
      if (way.mayFill(50, now)) {
        way.remove(send(way, now));
        packets++;
      }
    expect(packets).toBeGreaterThanOrEqual(10);
  });
});
