/** The server is killed and comes back: its clients are back before anybody gets impatient, with the addresses they had. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { explainFailures } from './lab/failures.ts';
import { Lab } from './lab/lab.ts';
import { WEB_ADDRESS } from './lab/plan.ts';
import { pause, waitFor } from './lab/process.ts';
import { startPing } from './lab/traffic/ping.ts';
import { type Daemon, Vpn } from './lab/vpn.ts';

const BACK_WITHIN_MS = 2_000;
/** Long enough for the clients to know that it is gone, and to ask in vain. */
const AWAY_MS = 2_000;
let lab: Lab;
let vpn: Vpn;

beforeAll(async () => {
  const wifi = { kind: 'wifi', settings: { delayMs: 10 } } as const;
  lab = await Lab.raise({ links: [wifi, { kind: 'lte', settings: { delayMs: 30 } }] });
  await lab.addClient([wifi]);
});
afterAll(() => lab?.close());
explainFailures(() => vpn);

const addressOf = async (client: Daemon) => (await client.peer()).address;

it('carries packets within two seconds of its return, and nobody has another address', async () => {
  vpn = new Vpn(lab);
  const server = await vpn.startServer();
  const clients: Daemon[] = [];
  for (const [index, site] of lab.sites.entries())
    clients.push(
      await vpn.startClient({ invite: await vpn.invite(`c${index}`), site, name: `client${index}` }),
    );
  const addresses = await Promise.all(clients.map(addressOf));
  const pingers = lab.sites.map(({ namespace }) => startPing(namespace, WEB_ADDRESS));
  await waitFor('pings', () => pingers.every((pinger) => pinger.answers > 20));

  await server.stop('SIGKILL');
  await pause(AWAY_MS);
  const startedMs = Date.now();
  await vpn.startServer();
  const answersMs = Date.now();
  const backMs = await Promise.all(
    pingers.map((pinger) => waitFor('answers', () => pinger.firstAnswerAfter(startedMs), 20_000)),
  );
  console.log(
    `the server started within ${answersMs - startedMs} ms; ` +
      `first answers ${backMs.map((atMs) => Math.round(atMs - answersMs)).join(' and ')} ms after it did`,
  );
  for (const atMs of backMs) expect(atMs - answersMs).toBeLessThan(BACK_WITHIN_MS);
  expect(await Promise.all(clients.map(addressOf))).toEqual(addresses);
  for (const pinger of pingers) expect((await pinger.stop()).duplicates).toBe(0);
});
