/**
 * `npm run bench:streams`: what a stream carries beside what plain TCP gets through the same tunnel, in turn, over one unshaped
 * path. Prints Gbit/s and the ratio, up and down; each repetition measures both.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Namespace } from '../netns/lab/namespace.ts';
import { startResip } from './compare/resip.ts';
import { LINKS, Rig, WEB_ADDRESS } from './rig.ts';

const PORT = 5201;

const { values } = parseArgs({
  options: { reps: { type: 'string', default: '3' }, seconds: { type: 'string', default: '3' } },
});

/** iperf3 to `address`, Gbit/s that arrived. */
async function measure(client: Namespace, web: Namespace, address: string, isDown: boolean): Promise<number> {
  const server = web.start(['iperf3', '-s', '-1', '-B', WEB_ADDRESS, '-p', `${PORT}`]);
  await new Promise((resolve) => setTimeout(resolve, 300));
  const words = [
    'iperf3',
    '-J',
    '-C',
    'cubic',
    '-c',
    address,
    '-p',
    `${PORT}`,
    '-t',
    values.seconds,
    '-O',
    '1',
  ];
  const { stdout } = await client.start([...words, ...(isDown ? ['-R'] : [])]).ended;
  await server.stop();
  const report = JSON.parse(stdout) as { error?: string; end: { sum_received: { bits_per_second: number } } };
  if (report.error !== undefined) throw new Error(`iperf3: ${report.error}`);
  return report.end.sum_received.bits_per_second / 1e9;
}

const directory = await mkdtemp(join(tmpdir(), 'bench-streams-'));
const rig = await Rig.raise();
try {
  const forward = ['-L', `${PORT}:${WEB_ADDRESS}:${PORT}`];
  const subject = await startResip(rig, { directory }, 'resip', LINKS.slice(0, 1), forward);
  for (let rep = 0; rep < Number(values.reps); rep++)
    for (const isDown of [false, true]) {
      const plain = await measure(rig.client, rig.web, WEB_ADDRESS, isDown);
      const stream = await measure(rig.client, rig.web, '127.0.0.1', isDown);
      const ratio = (stream / plain).toFixed(2);
      console.log(
        `${isDown ? 'down' : 'up  '}  tunnel ${plain.toFixed(2)}  stream ${stream.toFixed(2)} Gbit/s  ratio ${ratio}`,
      );
    }
  await subject.stop();
} finally {
  await rig.close();
  await rm(directory, { recursive: true, force: true });
}
