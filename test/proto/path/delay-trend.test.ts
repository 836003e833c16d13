import { describe, expect, it } from 'vitest';
import { DelayTrend } from '../../../src/proto/path/delay-trend.ts';

const WRAP = 2 ** 32;

function feed(trend: DelayTrend, fromMs: number, toMs: number, delayMs: number, offsetMicros: number): void {
  for (let now = fromMs; now < toMs; now += 250)
    trend.handleStamps(
      (now * 1_000 + offsetMicros) % WRAP,
      (now * 1_000 + delayMs * 1_000) % WRAP,
      now + delayMs,
    );
}

describe('the delay in one direction', () => {
  it.each([0, 123_456_789, WRAP - 1_000])(
    'is told against the best, whatever the other clock says: %s',
    (offset) => {
      const trend = new DelayTrend();
      expect(trend.extraMs).toBeNull();
      feed(trend, 0, 10_000, 20, offset);
      expect(trend.extraMs).toBeCloseTo(0, 3);
      feed(trend, 10_000, 20_000, 95, offset);
      expect(trend.extraMs).toBeGreaterThan(70);
      expect(trend.extraMs).toBeLessThan(76);
      feed(trend, 20_000, 30_000, 20, offset);
      expect(trend.extraMs).toBeLessThan(1);
    },
  );

  it('forgets a best that is minutes old', () => {
    const trend = new DelayTrend();
    feed(trend, 0, 1_000, 20, 0);
    feed(trend, 1_000, 120_000, 60, 0);
    expect(trend.extraMs).toBeLessThan(1);
  });
});
