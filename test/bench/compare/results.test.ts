import { describe, expect, it } from 'vitest';
import type { Metric } from './metrics.ts';
import { Results } from './results.ts';

const rate: Metric = { id: 'rate', title: 'rate', unit: 'Gbit/s', better: 'higher' };

describe('results of a run in pieces', () => {
  it('go on where the earlier piece ended, and pair the repetitions of both', () => {
    const values = { rate: { resip: [4, null], openvpn: [2, 1] } };
    const results = Results.from({ variants: { offload: { values } }, remarks: [] });
    expect(results.repetitions('offload', [rate])).toBe(2);
    expect(results.repetitions('plain', [rate])).toBe(0);
    const sample = (value: number) => ({ values: new Map([['rate', value]]), remarks: [] });
    results.add('offload', [rate], 'resip', 2, sample(9));
    results.add('offload', [rate], 'openvpn', 2, sample(3));
    expect(results.ratio('offload', 'rate', 'resip', 'openvpn')).toEqual({
      median: 2.5,
      min: 2,
      max: 3,
      count: 2,
    });
  });
});
