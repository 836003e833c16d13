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
/** Of a stall: the best of a few cuts of each link, for the machine may have other work. */
const LIMIT_MS = 100 + SLOWER_RTT_MS;
const ATTEMPTS = 3;
const MBIT = 1e6;
/** 24 of 40 Mbit/s: at full speed TCP overruns a link now and then, and its own stalls hide those of the tunnel. */
const BYTES_PER_SECOND = 3_000_000;
/** What comes while the emulator waits for the processor fits in: it must not lose what the tunnel would not. */
const QUEUE_BYTES = 1_000_000;
let lab: Lab;
let vpn: Vpn;
let client: Daemon;

beforeAll(async () => {
  const rate = { rateBitsPerSecond: 40 * MBIT, queueBytes: QUEUE_BYTES };
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

/** Cuts `link` for two seconds of pings, waits until its path carries again; how long nothing of the download came at most. */
async function cutFor(link: string, interfaceName: string, pinger: Pinger, download: Download) {
  await download.lap();
  const from = pinger.answers;
  await lab.cut(link);
  await waitFor('pings through the other link', () => pinger.answers >= from + 200, 20_000);
  await lab.restore(link);
  await client.until(`${interfaceName} to be up again`, (status) =>
    status.peers[0].paths.some((path) => path.interfaceName === interfaceName && path.state === 'up'),
  );
  const back = pinger.answers;
  await waitFor('a second with both links', () => pinger.answers >= back + 100, 20_000);
  return (await download.lap()).longestStallMs;
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

  for (const [link, interfaceName] of [
    ['wifi', 'wlan0'],
    ['lte', 'wwan0'],
  ]) {
    const stalls: number[] = [];
    do stalls.push(await cutFor(link, interfaceName, pinger, download));
    while (Math.min(...stalls) > LIMIT_MS && stalls.length < ATTEMPTS);
    console.log(`${link} cut: nothing came for ${stalls.join(', ')} ms`);
    expect(Math.min(...stalls)).toBeLessThanOrEqual(LIMIT_MS);
  }

  const { sent, lost, duplicates, longestGapMs } = await pinger.stop();
  expect(download.isRunning).toBe(true);
  const { bytes, corrupt, durationMs } = await download.stop();
  console.log(
    `pings: ${sent} sent, lost [${lost}], longest gap ${longestGapMs} ms; ` +
      `download: ${Math.round((bytes * 8) / durationMs / 1000)} Mbit/s`,
  );
  expect(sent).toBeGreaterThan(600);
  expect(lost).toEqual([]);
  expect(duplicates).toBe(0);
  expect(corrupt).toBe(false);
});
