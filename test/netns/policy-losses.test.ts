/** What the policies keep applications from losing. */
import { expect, it } from 'vitest';
import { sharePolicyLab } from './lab/policy-lab.ts';
import { waitFor } from './lab/process.ts';
import { runFlow } from './lab/traffic/flow.ts';
import { startPing } from './lab/traffic/ping.ts';
import { SERVER_INNER_ADDRESS } from './lab/vpn.ts';

const shared = sharePolicyLab();

/** 800 bytes, 500 times a second, each answered. */
function flow(count: number) {
  const { lab } = shared;
  const ends = { from: lab.client.namespace, to: lab.server, address: SERVER_INNER_ADDRESS };
  return runFlow(lab, { ...ends, count, perSecond: 500, sizeBytes: 800 });
}

it('failover loses no packet when the link says that it goes', async () => {
  await shared.start('failover', { delayMs: 20 }, { delayMs: 40 });
  const pinger = startPing(shared.lab.client.namespace, SERVER_INNER_ADDRESS);
  await waitFor('pings over the best link', () => pinger.answers >= 200);
  await shared.lab.access('wifi').switchOff();
  const then = pinger.answers;
  await waitFor('pings over the other link', () => pinger.answers >= then + 150, 20_000);
  const { sent, lost, longestGapMs } = await pinger.stop();
  await shared.lab.access('wifi').switchOn();
  console.log(`pings: ${sent} sent, lost [${lost}], longest gap ${longestGapMs} ms`);
  expect(lost).toEqual([]);
});

it('auto sends full copies once both links lose', async () => {
  const link = { rate: 50, delayMs: 10 };
  const { client } = await shared.start('auto', link, { ...link, delayMs: 15 });
  await client.until('no copies', ({ peers }) => !peers[0].isCopying);
  for (const name of ['wifi', 'lte']) await shared.lab.set(name, { loss: 0.05 });
  const flowing = flow(2_500);
  await client.until('copies of everything', ({ peers }) => peers[0].isCopying);
  await flowing;
  const { lossThere } = await flow(1_500);
  console.log(`lost of 5 %: ${(100 * lossThere).toFixed(2)} %`);
  expect(lossThere).toBeLessThan(0.025);
});

it('redundant shows the inner flow no loss where one link has none and the other 30 %', async () => {
  await shared.start('redundant', { delayMs: 20 }, { delayMs: 5, loss: 0.3 });
  // A path's first copies go at the rate that any link takes, until its answers have told of a higher one.
  await flow(750);
  const { lossThere, lossBack } = await flow(2_000);
  expect([lossThere, lossBack]).toEqual([0, 0]);
});
