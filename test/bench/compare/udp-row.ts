/** UDP datagrams of one size, one way: as many as arrive with next to no loss. */
import { type DropCounts, readDrops } from './drops.ts';
import { measureUdp, type UdpResult } from './iperf.ts';
import type { Effort, Metric, Row, Sample } from './metrics.ts';
import { searchRate } from './rate-search.ts';
import { lossRemarks } from './remarks.ts';
import type { Subject } from './subject.ts';

interface UdpProbe extends UdpResult {
  readonly before: DropCounts;
  readonly after: DropCounts;
}

export class UdpRow implements Row {
  readonly id: string;
  readonly metrics: readonly Metric[];

  constructor(private readonly bytes: number) {
    this.id = `udp-${bytes}`;
    const title = `UDP up, ${bytes} bytes, loss < 0.5 %`;
    this.metrics = [{ id: this.id, title, unit: 'k packets/s', better: 'higher' }];
  }

  async measure(subject: Subject, effort: Effort): Promise<Sample> {
    const { client, server } = subject.rig;
    const run = { client, server, address: subject.serverAddress, seconds: effort.udpSeconds };
    const probe = async (perSecond: number): Promise<UdpProbe> => {
      const before = await readDrops(subject.rig);
      const result = await measureUdp(run, this.bytes, perSecond);
      return { ...result, before, after: await readDrops(subject.rig) };
    };
    const { best, failed } = await searchRate(probe, effort.udpProbes);
    return {
      values: new Map([[this.id, best === null ? Number.NaN : best.receivedPerSecond / 1000]]),
      remarks: [best, failed].flatMap((result) => (result === null ? [] : describe(result))),
    };
  }
}

function describe({ sentPerSecond, loss, before, after }: UdpProbe): string[] {
  if (loss === 0) return [];
  const words = `${(100 * loss).toFixed(2)} % lost at ${(sentPerSecond / 1000).toFixed(1)} k/s`;
  return lossRemarks(words, before, after);
}
