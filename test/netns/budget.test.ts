/** A daily budget, over clients that are killed and started again: what the link carried, as the kernel counts it. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { explainFailures } from './lab/failures.ts';
import { Lab } from './lab/lab.ts';
import { waitFor } from './lab/process.ts';
import { Download } from './lab/traffic/download.ts';
import { type Daemon, Vpn } from './lab/vpn.ts';

const BUDGET_BYTES = 3_000_000;
/** Probes and handshakes over a path that is used up, of three runs; and a handshake before the first grant. */
const PROBES_BYTES = 30_000;
const NEARLY_BYTES = 50_000;
/** Two grants of a sixteenth each, and some more. */
const UNUSED_BYTES = BUDGET_BYTES / 6;
const ETHERNET_BYTES = 14;
const MBIT = 1e6;
let lab: Lab;
let vpn: Vpn;
let client: Daemon;

beforeAll(async () => {
  lab = await Lab.raise({
    links: [
      { kind: 'wifi', settings: { rateBitsPerSecond: 20 * MBIT, delayMs: 10 } },
      { kind: 'lte', settings: { rateBitsPerSecond: 8 * MBIT, delayMs: 20 } },
    ],
  });
  vpn = new Vpn(lab);
  await vpn.startServer();
});
afterAll(() => lab?.close());
explainFailures(() => vpn);

async function start(invite?: string): Promise<void> {
  const interfaces = ['wlan0', `wwan0,budget=${BUDGET_BYTES}/day`];
  client = await vpn.startClient({ invite, interfaces });
}

/** IP bytes that crossed the metered interface in both directions. */
async function carriedBytes(): Promise<number> {
  const text = await lab.client.namespace.run(['ip', '-s', '-j', 'link', 'show', 'wwan0']);
  const { rx, tx } = JSON.parse(text)[0].stats64;
  return rx.bytes + tx.bytes - ETHERNET_BYTES * (rx.packets + tx.packets);
}

const budget = async () => (await client.path('wwan0')).budget;

/** A download over the metered link alone: on a busy machine copies of what the other one brings may be few. */
async function downloadByLte(): Promise<Download> {
  await lab.cut('wifi');
  return Download.start(lab, lab.client.namespace, 100_000_000);
}

it('is respected, though the client is killed in the middle of it, twice', async () => {
  await start(await vpn.invite('laptop'));
  const before = await carriedBytes();
  for (const [kills, share] of [0.3, 0.6].entries()) {
    const download = await downloadByLte();
    await waitFor(
      `${share} of the budget`,
      async () => ((await budget())?.leftBytes ?? 0) < (1 - share) * BUDGET_BYTES,
      60_000,
    );
    await client.stop('SIGKILL');
    await download.stop();
    await lab.restore('wifi');
    await start();
    // Bytes pass meanwhile: what is carried is counted before what is left, and once more after it.
    const carried = (await carriedBytes()) - before;
    const left = (await budget())?.leftBytes ?? 0;
    expect(left).toBeLessThanOrEqual(BUDGET_BYTES - carried + PROBES_BYTES);
    console.log(`killed: ${carried} bytes carried, ${left} left`);
    // What a killed run was granted and did not use is gone; nothing else is.
    const gone = BUDGET_BYTES - ((await carriedBytes()) - before) - left;
    expect(gone).toBeLessThan((kills + 1) * UNUSED_BYTES);
  }
  const download = await downloadByLte();
  // The last bytes are shared out ever more carefully: what is left for long are a few probes.
  await waitFor(
    'the budget to be used up',
    async () => ((await budget())?.leftBytes ?? 0) < NEARLY_BYTES,
    60_000,
  );
  const usedUp = await carriedBytes();
  // The other link carries all, at its full rate, for much longer than the first grant lasted.
  await lab.restore('wifi');
  const { bytes } = await download.lap();
  await waitFor(
    '5 MB more over the other link',
    async () => (await download.lap()).bytes > bytes + 5_000_000,
    30_000,
  );
  await download.stop();
  const after = await carriedBytes();
  console.log(
    `budget ${BUDGET_BYTES}: ${after - before} bytes carried, ${after - usedUp} of them after it was nearly used up`,
  );
  expect(after - before).toBeLessThanOrEqual(BUDGET_BYTES + PROBES_BYTES);
  expect(after - before).toBeGreaterThan(0.6 * BUDGET_BYTES);
}, 300_000);
