/** Clients among themselves, and one that lies about who it is. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { explainFailures } from './lab/failures.ts';
import { Lab, type Site } from './lab/lab.ts';
import { attempt, waitFor } from './lab/process.ts';
import { startPing } from './lab/traffic/ping.ts';
import { type Daemon, SERVER_INNER_ADDRESS, Vpn } from './lab/vpn.ts';

let lab: Lab;
let vpn: Vpn;
let site2: Site;
let server: Daemon;
let laptop: Daemon;
let phone: Daemon;

beforeAll(async () => {
  lab = await Lab.raise({ links: [{ kind: 'wifi' }, { kind: 'lte', settings: { delayMs: 10 } }] });
  site2 = await lab.addClient([{ kind: 'wifi', settings: { delayMs: 5 } }]);
  vpn = new Vpn(lab);
  ({ server, client: laptop } = await vpn.startPair({ server: ['--no-nat'] }));
  phone = await vpn.startClient({ invite: await vpn.invite('phone'), site: site2, name: 'phone' });
});
afterAll(() => lab?.close());
explainFailures(() => vpn);

const addressOf = async (client: Daemon) => String((await client.peer()).address);
const spoofed = async () => (await server.peer('phone')).spoofedDropped;

it('carries what clients send each other through the server', async () => {
  const there = startPing(lab.client.namespace, await addressOf(phone), { count: 100 });
  const back = startPing(site2.namespace, await addressOf(laptop), { count: 100 });
  const reports = [await there.report(), await back.report()];
  console.log(`round trips ${reports.map((report) => `${report.medianRttMs} ms`).join(' and ')}`);
  for (const report of reports) expect(report).toMatchObject({ received: 100, duplicates: 0, corrupt: 0 });
});

it('drops and counts what a client sends from an address that is not its own', async () => {
  const { tunName } = await phone.status();
  for (const [source, target] of [
    ['10.77.9.9', SERVER_INNER_ADDRESS],
    [await addressOf(laptop), SERVER_INNER_ADDRESS],
    ['192.0.2.99', await addressOf(laptop)],
  ]) {
    const before = await spoofed();
    await site2.namespace.ip([`addr add ${source}/32 dev ${tunName}`]);
    const report = await startPing(site2.namespace, target, { count: 20, source }).report();
    await site2.namespace.ip([`addr del ${source}/32 dev ${tunName}`]);
    expect(report.received).toBe(0);
    await waitFor('the server to count', async () => (await spoofed()) >= before + 20);
  }
  console.log(`the server dropped ${await spoofed()} spoofed packets`);
  const honest = await startPing(site2.namespace, SERVER_INNER_ADDRESS, { count: 20 }).report();
  expect(honest.received).toBe(20);
  expect((await server.peer('laptop')).spoofedDropped).toBe(0);
});

it('tells a second server in the same state directory whom it would disturb', async () => {
  const words = server.process.child.spawnargs;
  const { code, stderr } = await attempt(words);
  expect(code).toBe(1);
  expect(stderr).toContain(String(server.process.child.pid));
});
