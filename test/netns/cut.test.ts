/** A link dies in silence, in the middle of everything. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { explainFailures } from './lab/failures.ts';
import { Lab } from './lab/lab.ts';
import { WEB_ADDRESS } from './lab/plan.ts';
import { waitFor } from './lab/process.ts';
import { Download } from './lab/traffic/download.ts';
import { type Pinger, startPing } from './lab/traffic/ping.ts';
import { type Daemon, Vpn } from './lab/vpn.ts';

/** There and back over the slower path. */
const SLOWER_RTT_MS = 60;
const MBIT = 1e6;
/** 24 of 40 Mbit/s: at full speed TCP overruns a link now and then, and its own stalls hide those of the tunnel. */
const BYTES_PER_SECOND = 3_000_000;
let lab: Lab;
let vpn: Vpn;
let client: Daemon;

beforeAll(async () => {
  const rate = { rateBitsPerSecond: 40 * MBIT };
  lab = await Lab.raise({
    links: [
      { kind: 'wifi', settings: { ...rate, delayMs: 10 } },
      { kind: 'lte', settings: { ...rate, delayMs: SLOWER_RTT_MS / 2 } },
    ],
  });
  console.log(`seed ${lab.seed}`);
  vpn = new Vpn(lab);
  ({ client } = await vpn.startPair());
});
afterAll(() => lab?.close());
explainFailures(() => vpn);

/** Cuts `link` for two seconds of pings, then waits until its path carries again. */
async function cutFor(link: string, interfaceName: string, pinger: Pinger): Promise<void> {
  const from = pinger.answers;
  await lab.cut(link);
  await waitFor('pings through the other link', () => pinger.answers >= from + 200, 20_000);
  await lab.restore(link);
  await client.until(`${interfaceName} to be up again`, (status) =>
    status.peers[0].paths.some((path) => path.interfaceName === interfaceName && path.state === 'up'),
  );
  const back = pinger.answers;
  await waitFor('a second with both links', () => pinger.answers >= back + 100, 20_000);
}

it('loses no ping and does not stall when one link is cut, and then the other', async () => {
  const pinger = startPing(lab.client.namespace, WEB_ADDRESS);
  // More than arrives while the test runs.
  const download = await Download.start(lab, lab.client.namespace, 3_000_000_000, {
    bytesPerSecond: BYTES_PER_SECOND,
  });
  await waitFor('pings', () => pinger.answers >= 200);
  // How TCP finds its rate is its own affair.
  await waitFor('TCP to find its rate', async () => (await download.lap()).bytes > BYTES_PER_SECOND);

  await cutFor('wifi', 'wlan0', pinger);
  await cutFor('lte', 'wwan0', pinger);

  const { sent, lost, duplicates, longestGapMs } = await pinger.stop();
  expect(download.isRunning).toBe(true);
  const { bytes, corrupt, longestStallMs, stallAtMs, durationMs } = await download.stop();
  console.log(
    `pings: ${sent} sent, lost [${lost}], longest gap ${longestGapMs} ms; ` +
      `download: ${Math.round((bytes * 8) / durationMs / 1000)} Mbit/s, longest stall ${longestStallMs} ms at ${stallAtMs} ms`,
  );
  expect(sent).toBeGreaterThan(600);
  expect(lost).toEqual([]);
  expect(duplicates).toBe(0);
  expect(corrupt).toBe(false);
  expect(longestStallMs).toBeLessThanOrEqual(100 + SLOWER_RTT_MS);
});
