/** Round trip times, idle and beside a steady load. */
import { percentile } from '../statistics.ts';
import { readDrops } from './drops.ts';
import { startUdpLoad } from './iperf.ts';
import type { Effort, Metric, Row, Sample } from './metrics.ts';
import { measurePing } from './ping.ts';
import { lossRemarks } from './remarks.ts';
import type { Subject } from './subject.ts';

/** 100 Mbit/s in datagrams of 1,200 bytes. */
const LOAD_BYTES = 1200;
const LOAD_PER_SECOND = 1e8 / 8 / LOAD_BYTES;
const PERCENTILES = [50, 99, 99.9];
/** The load outlives the pings, whatever they take. */
const LOAD_MARGIN_SECONDS = 30;

export class PingRow implements Row {
  readonly id: string;
  readonly metrics: readonly Metric[];

  constructor(private readonly isLoaded: boolean) {
    this.id = isLoaded ? 'ping-loaded' : 'ping-idle';
    const where = isLoaded ? 'under 100 Mbit/s' : 'idle';
    this.metrics = PERCENTILES.map((p) => ({
      id: `${this.id}-p${p}`,
      title: `ping ${where}, p${p}`,
      unit: 'µs',
      better: 'lower',
    }));
  }

  async measure(subject: Subject, effort: Effort): Promise<Sample> {
    const { rig, serverAddress: address } = subject;
    const seconds = Math.ceil((effort.pings * effort.pingIntervalMs) / 1000) + LOAD_MARGIN_SECONDS;
    const before = await readDrops(rig);
    const load = this.isLoaded
      ? await startUdpLoad(
          { client: rig.client, server: rig.server, address, seconds },
          LOAD_BYTES,
          LOAD_PER_SECOND,
        )
      : null;
    try {
      const { rttUs, sent, lost } = await measurePing(
        rig.client,
        address,
        effort.pings,
        effort.pingIntervalMs,
      );
      return {
        values: new Map(PERCENTILES.map((p) => [`${this.id}-p${p}`, percentile(rttUs, p)])),
        remarks:
          lost === 0 ? [] : lossRemarks(`${lost} of ${sent} echoes lost`, before, await readDrops(rig)),
      };
    } finally {
      await load?.stop();
    }
  }
}
