import { describe, expect, it } from 'vitest';
import { RttEstimator } from '../../../src/proto/path/rtt-estimator.ts';

describe('RTT', () => {
  it('is unknown before the first sample', () => {
    const rtt = new RttEstimator();
    expect([rtt.smoothedMs, rtt.minMs, rtt.latestMs, rtt.variationMs]).toEqual([null, null, null, 0]);
  });

  it('follows RFC 6298 §2', () => {
    const rtt = new RttEstimator();
    rtt.handleSample(100);
    expect([rtt.smoothedMs, rtt.variationMs]).toEqual([100, 50]);
    rtt.handleSample(60);
    // RTTVAR = 3/4 * 50 + 1/4 * |100 - 60|, then SRTT = 7/8 * 100 + 1/8 * 60
    expect([rtt.smoothedMs, rtt.variationMs]).toEqual([95, 47.5]);
    expect(rtt.minMs).toBe(60);
    rtt.handleSample(70);
    expect([rtt.minMs, rtt.latestMs]).toEqual([60, 70]);
  });

  it('settles on a steady path', () => {
    const rtt = new RttEstimator();
    rtt.handleSample(900);
    for (let i = 0; i < 100; i++) rtt.handleSample(20);
    expect(rtt.smoothedMs).toBeCloseTo(20, 1);
    expect(rtt.variationMs).toBeCloseTo(0, 1);
    expect(rtt.minMs).toBe(20);
  });
});
