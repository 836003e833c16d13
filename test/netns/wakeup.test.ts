/** `resip-vpn wakeup` in the middle of traffic: new sockets, and nothing that was under way to the former ones is lost. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { explainFailures } from './lab/failures.ts';
import { Lab } from './lab/lab.ts';
import { WEB_ADDRESS } from './lab/plan.ts';
import { run, waitFor } from './lab/process.ts';
import { startPing } from './lab/traffic/ping.ts';
import { type Daemon, resipVpn, Vpn } from './lab/vpn.ts';

let lab: Lab;
let vpn: Vpn;
let client: Daemon;

beforeAll(async () => {
  // Eight answers of 100 a second are under way at any time.
  lab = await Lab.raise({
    links: [
      { kind: 'wifi', settings: { delayMs: 40 } },
      { kind: 'lte', settings: { delayMs: 50 } },
    ],
  });
  console.log(`seed ${lab.seed}`);
  vpn = new Vpn(lab);
  ({ client } = await vpn.startPair());
});
afterAll(() => lab?.close());
explainFailures(() => vpn);

it('loses no ping while all paths get new sockets, three times', async () => {
  const pinger = startPing(lab.client.namespace, WEB_ADDRESS);
  await waitFor('pings', () => pinger.answers >= 50);
  for (let time = 0; time < 3; time++) {
    await run(client.namespace.command(resipVpn('wakeup', '--state-dir', client.stateDir)));
    const from = pinger.answers;
    await waitFor('pings over the new sockets', () => pinger.answers >= from + 100, 20_000);
  }
  const { sent, lost, duplicates, longestGapMs } = await pinger.stop();
  console.log(`pings: ${sent} sent, lost [${lost}], longest gap ${longestGapMs} ms`);
  expect(sent).toBeGreaterThan(300);
  expect(lost).toEqual([]);
  expect(duplicates).toBe(0);
});
