/** Addresses: asked for, refused, and kept over restarts. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { explainFailures } from './lab/failures.ts';
import { Lab, type Site } from './lab/lab.ts';
import { type Daemon, Vpn } from './lab/vpn.ts';

let lab: Lab;
let site2: Site;
let vpn: Vpn;

beforeAll(async () => {
  lab = await Lab.raise({ links: [{ kind: 'wifi' }, { kind: 'lte', settings: { delayMs: 10 } }] });
  site2 = await lab.addClient([{ kind: 'wifi' }]);
});
afterAll(() => lab?.close());
explainFailures(() => vpn);

const addressOf = async (client: Daemon) => (await client.peer()).address;

it('gives the address that was asked for, and says why it refuses another', async () => {
  vpn = new Vpn(lab, 'static-');
  const server = await vpn.startServer(['--no-nat']);
  const laptop = await vpn.startClient({
    invite: await vpn.invite('laptop'),
    words: ['--address', '10.77.5.5'],
  });
  expect(await addressOf(laptop)).toBe('10.77.5.5');
  expect(await laptop.namespace.run(['ip', '-4', '-o', 'addr', 'show', 'dev', 'tun0'])).toContain(
    '10.77.5.5/16',
  );

  const invite = await vpn.invite('phone');
  for (const [wanted, reason] of [
    ['10.77.5.5', /10\.77\.5\.5.*(taken|in use|another)/is],
    ['10.99.0.1', /10\.99\.0\.1.*(outside|pool)/is],
  ] as const) {
    const phone = vpn.launchClient({ invite, site: site2, name: 'phone', words: ['--address', wanted] });
    const { code, stderr } = await phone.process.ended;
    console.log(stderr.trim());
    expect(code).toBe(1);
    expect(stderr).toMatch(reason);
  }
  const phone = await vpn.startClient({ invite, site: site2, name: 'phone' });
  expect(await addressOf(phone)).toMatch(/^10\.77\./);
  expect(await addressOf(laptop)).toBe('10.77.5.5');
  for (const daemon of [phone, laptop, server]) await daemon.stop();
});

it('keeps a dynamic address over a restart of the client, then of the server', async () => {
  vpn = new Vpn(lab, 'dynamic-');
  let server = await vpn.startServer(['--no-nat']);
  const other = await vpn.startClient({ invite: await vpn.invite('phone'), site: site2, name: 'phone' });
  let laptop = await vpn.startClient({ invite: await vpn.invite('laptop') });
  const address = await addressOf(laptop);
  expect(address).toMatch(/^10\.77\./);
  expect(address).not.toBe(await addressOf(other));

  await other.stop();
  await laptop.stop();
  laptop = await vpn.startClient();
  expect(await addressOf(laptop)).toBe(address);

  await server.stop();
  server = await vpn.startServer(['--no-nat']);
  const { sinceStart } = await reconnected(laptop, server);
  console.log(`${address} kept; the client was back ${sinceStart} ms after the server`);
  expect(await addressOf(laptop)).toBe(address);
  expect((await server.peer('laptop')).address).toBe(address);

  await laptop.stop();
  laptop = await vpn.startClient();
  expect(await addressOf(laptop)).toBe(address);
});

/** Waits until the running client has a session with the server's new process. */
async function reconnected(laptop: Daemon, server: Daemon): Promise<{ sinceStart: number }> {
  await server.until('the client to be back', (status) =>
    status.peers.some((peer) => peer.name === 'laptop' && peer.session.established),
  );
  const sinceStart = Math.round((await server.status()).uptimeMs);
  await laptop.until('a new session', (status) => status.peers[0].session.established);
  return { sinceStart };
}
