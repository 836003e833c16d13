/** One TCP flow as fast as it goes, by iperf3 and CUBIC: what arrives once it has found its rate. */
import type { Lab } from '../lab.ts';
import type { Namespace } from '../namespace.ts';
import { waitFor } from '../process.ts';

const PORT = 5201;
const MBIT = 1e6;

export interface BulkOptions {
  readonly client: Namespace;
  readonly server: Namespace;
  /** Of the server as the client reaches it. */
  readonly address: string;
  /** Where the server listens, if elsewhere. */
  readonly listensAt?: string;
  /** That count. */
  readonly seconds: number;
  /** Before them: CUBIC leaves its slow start early and then takes seconds to grow. */
  readonly warmUpSeconds: number;
  /** The server sends. */
  readonly isDown?: boolean;
}

/** Payload that arrived, Mbit/s. Rejects with iperf3's own words. */
export async function measureBulk(lab: Lab, options: BulkOptions): Promise<number> {
  const { client, server, address, listensAt = address, seconds, warmUpSeconds, isDown } = options;
  const listening = lab.start(server, [
    'iperf3',
    '-s',
    '-1',
    '-B',
    listensAt,
    '-p',
    `${PORT}`,
    '--forceflush',
  ]);
  await waitFor('iperf3 to listen', () => listening.stdout.includes('listening'));
  // By name: the machine's default may be BBR, which hides loss.
  const words = ['iperf3', '-J', '-C', 'cubic', '-c', address, '-p', `${PORT}`];
  const counted = ['-t', `${seconds}`, '-O', `${warmUpSeconds}`, ...(isDown ? ['-R'] : [])];
  const { stdout } = await lab.start(client, [...words, ...counted]).ended;
  await listening.stop();
  const report = JSON.parse(stdout) as { error?: string; end: { sum_received: { bits_per_second: number } } };
  if (report.error !== undefined) throw new Error(`iperf3: ${report.error}`);
  return report.end.sum_received.bits_per_second / MBIT;
}
