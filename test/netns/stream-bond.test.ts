/**
 * A stream over two links of the same speed adds them up. For a machine that does nothing else:
 * `STREAM_BOND=1 npx vitest run --project netns-measured test/netns/stream-bond.test.ts`; what CI looks at is the same over a
 * simulated wire (`test/proto/stream/streams.test.ts`).
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { explainFailures } from './lab/failures.ts';
import { Lab } from './lab/lab.ts';
import { WEB_ADDRESS } from './lab/plan.ts';
import { measureBulk } from './lab/traffic/bulk.ts';
import { Vpn } from './lab/vpn.ts';

const RATE_MBIT = 50;
const ATTEMPTS = 3;
const IPERF_PORT = 5201;
const isWanted = process.env.STREAM_BOND !== undefined;

let lab: Lab;
let vpn: Vpn;

beforeAll(async () => {
  if (!isWanted) return;
  const settings = { rateBitsPerSecond: RATE_MBIT * 1e6, queueBytes: RATE_MBIT * 12_500 };
  lab = await Lab.raise({
    links: [
      { kind: 'wifi', settings: { ...settings, delayMs: 10 } },
      { kind: 'lte', settings: { ...settings, delayMs: 20 } },
    ],
  });
  console.log(`seed ${lab.seed}`);
  vpn = new Vpn(lab);
  const forward = ['-L', `${IPERF_PORT}:${WEB_ADDRESS}:${IPERF_PORT}`];
  await vpn.startPair({ client: [...forward, '--route', 'none', '--policy', 'bond'] });
});
afterAll(() => lab?.close());
explainFailures(() => vpn);

if (!isWanted) process.stderr.write('two links are not measured: STREAM_BOND is not set\n');
it.runIf(isWanted).each([
  ['up', false],
  ['down', true],
])('two links of 50 Mbit/s give a stream 85 %% of their sum, %s', async (direction, isDown) => {
  let share = 0;
  for (let attempt = 1; attempt <= ATTEMPTS && share < 0.85; attempt++) {
    const mbit = await measureBulk(lab, {
      client: lab.client.namespace,
      server: lab.web,
      address: '127.0.0.1',
      listensAt: WEB_ADDRESS,
      seconds: 3,
      warmUpSeconds: 2,
      isDown,
    });
    share = mbit / (2 * RATE_MBIT);
    console.log(`${direction}: ${mbit.toFixed(1)} Mbit/s of ${2 * RATE_MBIT}, attempt ${attempt}`);
  }
  expect(share).toBeGreaterThan(0.85);
});
