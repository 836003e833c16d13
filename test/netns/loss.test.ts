/** Two bad links are one good one: what is lost is what both lose. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { explainFailures } from './lab/failures.ts';
import { Lab } from './lab/lab.ts';
import { runFlow } from './lab/traffic/flow.ts';
import { startPing } from './lab/traffic/ping.ts';
import { type Daemon, SERVER_INNER_ADDRESS, Vpn } from './lab/vpn.ts';

/** Each link, each way. */
const LOSS = 0.3;
/** Asked for are 2,000; with those alone the dice by themselves miss a band of one percent in one run of eight. */
const REQUESTS = 12_000;
let lab: Lab;
let vpn: Vpn;
let client: Daemon;
let server: Daemon;

beforeAll(async () => {
  lab = await Lab.raise({
    links: [
      { kind: 'wifi', settings: { delayMs: 5 } },
      { kind: 'lte', settings: { delayMs: 15 } },
    ],
  });
  console.log(`seed ${lab.seed}`);
  vpn = new Vpn(lab);
  ({ client, server } = await vpn.startPair({ server: ['--no-nat'] }));
  // A path's first copies go at the rate that any link takes, until its answers have told of a higher one.
  await flow(1_500);
  await lab.set('wifi', { loss: LOSS });
  await lab.set('lte', { loss: LOSS });
});
afterAll(() => lab?.close());
explainFailures(() => vpn);

const flow = (count: number) =>
  runFlow(lab, {
    from: lab.client.namespace,
    to: lab.server,
    address: SERVER_INNER_ADDRESS,
    count,
    perSecond: 1000,
    sizeBytes: 200,
  });

it('loses one way what both links lose, within one percent, and delivers nothing twice', async () => {
  const pinger = startPing(lab.client.namespace, SERVER_INNER_ADDRESS, { count: 2000, intervalMs: 5 });
  const { sent, there, back, lossThere, lossBack } = await flow(REQUESTS);
  const ping = await pinger.report();
  const paths = [await client.peer(), await server.peer()].flatMap((peer) => peer.paths);
  const surplus = paths.reduce((sum, path) => sum + path.surplusCopies, 0);
  const percent = (share: number) => `${(share * 100).toFixed(2)} %`;
  const lossBothWays = 1 - ping.received / ping.sent;
  console.log(
    `of ${sent} requests lost there ${percent(lossThere)}, back ${percent(lossBack)} (9 % expected); ` +
      `of ${ping.sent} pings ${percent(lossBothWays)} (${percent(1 - 0.91 ** 2)} expected); ${surplus} copies not sent`,
  );
  expect(Math.abs(lossThere - LOSS ** 2)).toBeLessThan(0.01);
  expect(Math.abs(lossBack - LOSS ** 2)).toBeLessThan(0.01);
  expect([there.duplicates, back.duplicates, ping.duplicates]).toEqual([0, 0, 0]);
  expect([there.corrupt, back.corrupt, ping.corrupt]).toEqual([0, 0, 0]);
  // 2,000 pings scatter by 0.85 percent.
  expect(Math.abs(lossBothWays - (1 - 0.91 ** 2))).toBeLessThan(0.035);
});
