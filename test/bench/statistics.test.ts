import { describe, expect, it } from 'vitest';
import { median, pairedRatios, percentile, summarize } from './statistics.ts';

describe('statistics', () => {
  it('takes the middle, or the mean of the two in the middle', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([])).toBeNaN();
  });

  it('interpolates percentiles between neighbours', () => {
    const values = Array.from({ length: 101 }, (_, i) => 100 - i);
    expect(percentile(values, 99)).toBe(99);
    expect(percentile(values, 99.9)).toBeCloseTo(99.9);
    expect(percentile([7], 99.9)).toBe(7);
  });

  it('leaves failed measurements out of a summary', () => {
    expect(summarize([3, Number.NaN, 1])).toEqual({ median: 2, min: 1, max: 3, count: 2 });
    expect(summarize([Number.NaN])).toBeNull();
  });

  it('divides repetition by repetition and skips a pair with a gap', () => {
    expect(pairedRatios([4, Number.NaN, 9], [2, 1, 3, 5])).toEqual([2, 3]);
    expect(pairedRatios([1], [0])).toEqual([]);
  });
});
