/** IPv4 and IPv6 over one interface are paths of their own, and a name with several addresses is a choice. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Snapshot } from '../../src/engine/messages.ts';
import { explainFailures } from './lab/failures.ts';
import { Lab } from './lab/lab.ts';
import { SERVER_ADDRESS, SERVER_ADDRESS6, WEB_ADDRESS } from './lab/plan.ts';
import { waitFor } from './lab/process.ts';
import { startPing } from './lab/traffic/ping.ts';
import { type Daemon, SERVER_PORT, Vpn } from './lab/vpn.ts';

const BOTH = 'both.example';
const HALF_DEAD = 'half-dead.example';
const DEAD_ADDRESS = '203.0.113.66';
let lab: Lab;
let vpn: Vpn;
let client: Daemon;

beforeAll(async () => {
  lab = await Lab.raise({ links: [{ kind: 'wifi', settings: { delayMs: 10 } }] });
  await lab.client.namespace.setHosts([
    `${SERVER_ADDRESS} ${BOTH}`,
    `${SERVER_ADDRESS6} ${BOTH}`,
    `${DEAD_ADDRESS} ${HALF_DEAD}`,
    `${SERVER_ADDRESS} ${HALF_DEAD}`,
  ]);
  await lab.swallow(DEAD_ADDRESS);
  await lab.server.run([
    'nft',
    'add table inet families; add chain inet families in { type filter hook input priority 0; }',
  ]);
  vpn = new Vpn(lab);
  await vpn.startServer();
});
afterAll(() => lab?.close());
afterEach(async () => {
  await client.stop();
});
explainFailures(() => vpn);

/** The server hears nothing over these families any more. */
async function deafen(...families: readonly ('ip' | 'ip6')[]): Promise<void> {
  const rules = families.map(
    (family) =>
      `add rule inet families in meta nfproto ipv${family === 'ip' ? 4 : 6} udp dport ${SERVER_PORT} drop`,
  );
  await lab.server.run(['nft', ['flush chain inet families in', ...rules].join('; ')]);
}

const upPaths = ({ peers }: Snapshot) => peers[0].paths.filter(({ state }) => state === 'up');

it('opens one path each for IPv4 and IPv6 over one interface, and loses no ping when either dies', async () => {
  const invite = await vpn.invite('dual', undefined, BOTH);
  client = await vpn.startClient({ invite, name: 'dual' });
  const { peers } = await client.until('two paths up', (status) => upPaths(status).length === 2);
  const remotes = peers[0].paths.map(({ interfaceName, remote }) => `${interfaceName} ${remote}`).sort();
  expect(remotes).toEqual([
    `wlan0 ${SERVER_ADDRESS}:${SERVER_PORT}`,
    `wlan0 [${SERVER_ADDRESS6}]:${SERVER_PORT}`,
  ]);
  const pinger = startPing(lab.client.namespace, WEB_ADDRESS);
  await waitFor('pings', () => pinger.answers > 20);
  for (const family of ['ip', 'ip6'] as const) {
    await deafen(family);
    await client.until('one path up', (status) => upPaths(status).length === 1);
    const from = pinger.answers;
    await waitFor('pings over the other', () => pinger.answers > from + 50);
    await deafen();
    await client.until('two paths up again', (status) => upPaths(status).length === 2);
  }
  const { sent, lost, longestGapMs } = await pinger.stop();
  console.log(`${sent} pings sent, lost [${lost}], longest gap ${longestGapMs} ms`);
  expect(lost).toEqual([]);
});

it('connects to a name of which one address is dead', async () => {
  const startedMs = Date.now();
  const invite = await vpn.invite('racer', undefined, HALF_DEAD);
  client = vpn.launchClient({ invite, name: 'racer' });
  const { uptimeMs } = await client.until('a path up', (status) => upPaths(status).length === 1);
  await client.until('the routes as well', () => client.process.stderr.includes(' connected '));
  console.log(
    `${Math.round(uptimeMs)} ms after its start, ${Date.now() - startedMs} ms after it was launched`,
  );
  expect((await client.path('wlan0')).remote).toBe(`${SERVER_ADDRESS}:${SERVER_PORT}`);
  expect((await client.peer()).session.handshakes).toBe(1);
  expect((await startPing(lab.client.namespace, WEB_ADDRESS, { count: 50 }).report()).lost).toEqual([]);
});
