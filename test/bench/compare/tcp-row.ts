/** TCP throughput, and what a gigabyte of it costs in processor time. */
import { readDrops } from './drops.ts';
import { measureTcp } from './iperf.ts';
import type { Effort, Metric, Row, Sample } from './metrics.ts';
import { lossRemarks } from './remarks.ts';
import type { Subject } from './subject.ts';
import { readCpu } from './usage.ts';

export interface TcpRowOptions {
  readonly id: string;
  readonly title: string;
  readonly streams: number;
  /** The far end sends. */
  readonly isDown: boolean;
  /** To the host behind the server, through its NAT. */
  readonly isNat: boolean;
}

export class TcpRow implements Row {
  readonly id: string;
  readonly metrics: readonly Metric[];

  constructor(private readonly options: TcpRowOptions) {
    const { id, title } = options;
    this.id = id;
    this.metrics = [
      { id, title, unit: 'Gbit/s', better: 'higher' },
      { id: `${id}-cpu`, title: '  its daemons', unit: 'CPU s/GB', better: 'lower' },
      { id: `${id}-machine`, title: '  whole machine', unit: 'CPU s/GB', better: 'lower' },
    ];
  }

  async measure(subject: Subject, effort: Effort): Promise<Sample> {
    const { id, streams, isDown, isNat } = this.options;
    const { rig } = subject;
    const daemons = [...subject.client, ...subject.server];
    const run = {
      client: rig.client,
      server: isNat ? rig.web : rig.server,
      address: isNat ? subject.webAddress : subject.serverAddress,
      seconds: effort.tcpSeconds,
    };
    const drops = await readDrops(rig);
    const before = readCpu(daemons);
    const result = await measureTcp(run, streams, isDown);
    const after = readCpu(daemons);
    const gigabytes = result.receivedBytes / 1e9;
    return {
      values: new Map([
        [id, result.gigabitsPerSecond],
        [`${id}-machine`, (after.machine - before.machine) / gigabytes],
        ...(daemons.length === 0
          ? []
          : [[`${id}-cpu`, (after.daemons - before.daemons) / gigabytes] as const]),
      ]),
      remarks: lossRemarks(`${result.retransmits} retransmits`, drops, await readDrops(rig)),
    };
  }
}
