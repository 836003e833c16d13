/** A numbered UDP flow there and back between two namespaces, counted at both ends. */
import { fileURLToPath } from 'node:url';
import type { Lab } from '../lab.ts';
import type { Namespace } from '../namespace.ts';
import { FLOW_PORT } from '../ports.ts';
import { waitFor } from '../process.ts';
import type { Tally } from './flow-packet.ts';

export interface FlowOptions {
  readonly from: Namespace;
  readonly to: Namespace;
  /** Address of `to` as `from` reaches it. */
  readonly address: string;
  readonly count: number;
  readonly perSecond: number;
  /** UDP payload. */
  readonly sizeBytes: number;
}

export interface FlowReport {
  readonly sent: number;
  /** What `to` saw. */
  readonly there: Tally;
  /** What came back to `from`. */
  readonly back: Tally;
  /** Fractions 0..1. */
  readonly lossThere: number;
  readonly lossBack: number;
}

const program = (name: string) => fileURLToPath(new URL(`./${name}.ts`, import.meta.url));

/** Runs one flow at a time to its end. */
export async function runFlow(lab: Lab, options: FlowOptions): Promise<FlowReport> {
  const { count, perSecond, sizeBytes } = options;
  const echo = lab.start(options.to, ['node', '--import', 'tsx', program('flow-echo'), String(FLOW_PORT)], {
    stdin: true,
  });
  await waitFor('the echo', () => echo.stdout.includes('ready'));
  const words = [options.address, FLOW_PORT, count, perSecond, sizeBytes].map(String);
  const source = lab.start(options.from, ['node', '--import', 'tsx', program('flow-source'), ...words]);
  const back = JSON.parse((await source.ended).stdout) as Tally;
  echo.child.stdin?.end();
  const there = JSON.parse((await echo.ended).stdout.replace('ready\n', '')) as Tally;
  return {
    sent: count,
    there,
    back,
    lossThere: 1 - there.received / count,
    lossBack: 1 - back.received / there.received,
  };
}
