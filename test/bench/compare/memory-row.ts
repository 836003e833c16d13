/** Peak resident memory of each daemon, after the loads of the rows before it. */
import type { Metric, Row, Sample } from './metrics.ts';
import type { Subject } from './subject.ts';
import { peakResidentMegabytes } from './usage.ts';

export class MemoryRow implements Row {
  readonly id = 'memory';
  readonly metrics: readonly Metric[] = [
    { id: 'memory-client', title: 'peak memory, client', unit: 'MB', better: 'lower' },
    { id: 'memory-server', title: 'peak memory, server', unit: 'MB', better: 'lower' },
  ];

  async measure(subject: Subject): Promise<Sample> {
    const values = new Map<string, number>();
    for (const side of ['client', 'server'] as const) {
      for (const daemon of subject[side]) values.set(`memory-${side}`, peakResidentMegabytes(daemon));
    }
    return { values, remarks: [] };
  }
}
