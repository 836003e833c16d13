/** How long V8 stops the engine thread to collect garbage: packets wait meanwhile. Of the product alone. */
import type { Process } from '../../netns/lab/process.ts';
import { pause } from '../../netns/lab/process.ts';
import { measureTcp } from './iperf.ts';
import type { Effort, Metric, Row, Sample } from './metrics.ts';
import type { Subject } from './subject.ts';

/** `[pid:isolate] … ms: Scavenge 6.6 (7.7) -> 6.0 (8.0) MB, 0.99 / 0.01 ms …`, and `(+ 0.9 ms in 6 steps … biggest step 0.4 ms`. */
const PAUSE = /^\[\d+:(0x[0-9a-f]+)\].* MB, ([\d.]+) \/ [\d.]+ ms(?:.* biggest step ([\d.]+) ms)?/gm;

export class PausesRow implements Row {
  readonly id = 'pauses';
  readonly metrics: readonly Metric[] = [
    { id: 'pause-worst', title: 'longest GC pause of an engine', unit: 'ms', better: 'lower' },
    { id: 'pause-share', title: '  all its pauses, of the time', unit: '%', better: 'lower' },
  ];

  /** Under a TCP stream each way. */
  async measure(subject: Subject, effort: Effort): Promise<Sample> {
    const daemons = [...subject.client, ...subject.server];
    if (!daemons.some(({ stdout }) => stdout.includes(' MB, '))) return { values: new Map(), remarks: [] };
    const { rig, serverAddress: address } = subject;
    const before = daemons.map(({ stdout }) => stdout.length);
    const beganMs = performance.now();
    for (const isDown of [false, true])
      await measureTcp(
        { client: rig.client, server: rig.server, address, seconds: effort.tcpSeconds },
        1,
        isDown,
      );
    await pause(100);
    const tookMs = performance.now() - beganMs;
    const pauses = daemons.flatMap((daemon, i) => enginePauses(daemon, before[i]));
    const values = new Map([
      ['pause-worst', Math.max(0, ...pauses)],
      ['pause-share', (100 * pauses.reduce((sum, ms) => sum + ms, 0)) / (tookMs * daemons.length)],
    ]);
    return { values, remarks: [] };
  }
}

/** Main's isolate speaks first; what else speaks is the engine's. `from`: characters said before. */
function enginePauses({ stdout }: Process, from: number): number[] {
  const main = PAUSE.exec(stdout)?.[1];
  PAUSE.lastIndex = 0;
  return pausesOf(stdout.slice(from), main);
}

/** ms, of every isolate but `except`. */
export function pausesOf(text: string, except: string | undefined): number[] {
  return [...text.matchAll(PAUSE)]
    .filter(([, isolate]) => isolate !== except)
    .flatMap(([, , whole, step]) => (step === undefined ? [Number(whole)] : [Number(whole), Number(step)]));
}
