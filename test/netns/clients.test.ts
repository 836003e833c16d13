/** The owner of a server decides about clients while they are connected. */
import { beforeAll, expect, it } from 'vitest';
import type { ClientListing } from '../../src/daemon/client-admin.ts';
import { lintMetrics } from '../metrics/lint.ts';
import type { Lab } from './lab/lab.ts';
import { attempt, run, waitFor } from './lab/process.ts';
import { shareLab } from './lab/shared-lab.ts';
import { startPing } from './lab/traffic/ping.ts';
import { type Daemon, resipVpn, SERVER_INNER_ADDRESS, type Vpn } from './lab/vpn.ts';

const METRICS = '127.0.0.1:9460';
const shared = shareLab();
let lab: Lab;
let vpn: Vpn;
let server: Daemon;
let client: Daemon;

beforeAll(async () => {
  ({ lab, vpn } = shared);
  ({ server, client } = await vpn.startPair({
    client: ['--metrics', METRICS],
    server: ['--no-nat', '--metrics', `unix:${lab.directory}/metrics.sock`],
  }));
});

const words = (...more: string[]) => resipVpn('clients', ...more, '--state-dir', vpn.stateDir('server'));
const clients = async (...more: string[]) =>
  JSON.parse(await run(words(...more, '--json'))) as ClientListing[];

it('tells Prometheus about client and server', async () => {
  const clientText = await waitFor('a path up', async () => {
    const text = await lab.client.namespace.run(['curl', '-s', `http://${METRICS}/metrics`]);
    return text.includes('resip_path_up{peer="server",path="wlan0"} 1') && text;
  });
  const socket = `${lab.directory}/metrics.sock`;
  const serverText = await run(['curl', '-s', '--unix-socket', socket, 'http://localhost/metrics']);
  expect([...lintMetrics(clientText), ...lintMetrics(serverText)]).toEqual([]);
  expect(serverText).toContain('resip_peer_connected{peer="laptop"} 1');
});

it('renames a client and gives it another address, and the tunnel goes on with it', async () => {
  expect(await run(words())).toMatch(/laptop +10\.77\.0\.2 +connected/);
  const [listed] = await clients('rename', 'laptop', 'anna');
  expect(listed).toMatchObject({ name: 'anna', isFixed: false, revoked: false });
  await server.until('the new name', ({ peers }) => peers[0].name === 'anna');

  expect(await clients('set-address', 'anna', '10.77.3.9')).toMatchObject([
    { address: '10.77.3.9', isFixed: true },
  ]);
  await waitFor('the address at the client', async () =>
    (await lab.client.namespace.run(['ip', '-4', '-o', 'addr', 'show', 'dev', 'tun0'])).includes(
      '10.77.3.9/',
    ),
  );
  const { lost } = await startPing(lab.client.namespace, SERVER_INNER_ADDRESS, { count: 20 }).report();
  expect(lost).toEqual([]);

  const refused = await attempt(words('set-address', 'anna', '10.78.0.1'));
  expect(refused).toMatchObject({ code: 1, stdout: '' });
  expect(refused.stderr).toContain('10.77.0.0/16');
});

it('shuts a revoked client out within a second, and for good', async () => {
  const pinger = startPing(lab.client.namespace, SERVER_INNER_ADDRESS);
  await waitFor('pings', () => pinger.answers > 50);
  const began = performance.now();
  await clients('revoke', 'anna');
  const revokedMs = performance.now() - began;
  const revokedAtMs = Date.now();
  const { code, stderr } = await client.process.ended;
  const outMs = performance.now() - began;
  console.log(`revoked after ${Math.round(revokedMs)} ms, the client ended after ${Math.round(outMs)} ms`);
  expect(code).toBe(1);
  expect(stderr).toContain('revoked');
  await server.until('no session', ({ peers }) => peers.every(({ session }) => !session.established));
  await pinger.stop();
  // The verb itself is a program that starts and ends; how long the client's end takes on a busy machine is not the server's.
  expect(pinger.firstAnswerAfter(revokedAtMs + 1_000)).toBeUndefined();

  for (const restart of [false, true]) {
    if (restart) {
      await server.stop('SIGKILL');
      server = await vpn.startServer(['--no-nat']);
    }
    const again = vpn.launchClient();
    expect((await again.process.ended).code).toBe(1);
    expect(again.process.stderr).toContain('this client was revoked');
  }
});

it('lets it in again, also while no server runs, with the address it had', async () => {
  await server.stop();
  expect(await clients('restore', 'anna')).toMatchObject([{ revoked: false, address: '10.77.3.9' }]);
  server = await vpn.startServer(['--no-nat']);
  client = await vpn.startClient();
  expect((await client.peer()).address).toBe('10.77.3.9');
  expect(await run(words())).toMatch(/anna +10\.77\.3\.9 \(fixed\) +connected/);
});
