/** A stream over a link that plain TCP hardly gets anything over. */
import { beforeAll, expect, it } from 'vitest';
import { WEB_ADDRESS } from './lab/plan.ts';
import { attempt } from './lab/process.ts';
import { shareLab } from './lab/shared-lab.ts';

const MBIT = 1e6;
const SECONDS = 8;
const shared = shareLab([
  {
    kind: 'lte',
    settings: { rateBitsPerSecond: 20 * MBIT, delayMs: 100, loss: 0.1, queueBytes: 500_000 },
  },
]);

beforeAll(() =>
  shared.vpn.startPair({ server: ['--no-nat'], client: ['-L', `8080:${WEB_ADDRESS}:80`, '--route', 'none'] }),
);

/** Mbit/s. */
async function download(host: string): Promise<number> {
  const words = ['--max-time', `${SECONDS}`, '-o', '/dev/null', '-w', '%{size_download}'];
  const curl = ['curl', '-sS', ...words, `http://${host}/bytes/100000000`];
  const { stdout } = await attempt(shared.lab.client.namespace.command(curl));
  return (8 * Number(stdout)) / SECONDS / MBIT;
}

it('gives a stream at least five times what plain TCP (CUBIC) gets', async () => {
  const plain = await download(WEB_ADDRESS);
  const stream = await download('127.0.0.1:8080');
  console.log(`10 % loss, 200 ms, 20 Mbit/s: plain ${plain.toFixed(2)}, stream ${stream.toFixed(2)} Mbit/s`);
  expect(stream).toBeGreaterThan(5 * plain);
});
