/** DNS: of the applications, through the tunnel; of the client itself, past it. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { explainFailures } from './lab/failures.ts';
import { Lab } from './lab/lab.ts';
import { SERVER_ADDRESS, WEB_ADDRESS } from './lab/plan.ts';
import { attempt, type Process, run, waitFor } from './lab/process.ts';
import { type Daemon, resipVpn, SERVER_PORT, Vpn } from './lab/vpn.ts';

const NAME_SERVER = new URL('./lab/name-server.ts', import.meta.url).pathname;
const HOST = 'vpn.test';
const NEW_ADDRESS = SERVER_ADDRESS.replace(/\d+$/, '99');
let lab: Lab;
let vpn: Vpn;
let names: Process;
let etc: string;
let client: Daemon | undefined;
let server: Daemon | undefined;
let tests = 0;

beforeAll(async () => {
  lab = await Lab.raise({
    links: [
      { kind: 'wifi', settings: { delayMs: 5 } },
      { kind: 'lte', settings: { delayMs: 15 } },
    ],
  });
  names = lab.start(lab.web, ['node', '--import', 'tsx', NAME_SERVER], { stdin: true });
  await waitFor('the name server', () => names.stdout.includes('ready'));
  // `ip netns exec` mounts what is there over the files of /etc.
  etc = `/etc/netns/${lab.client.namespace.name}`;
  await mkdir(etc, { recursive: true });
});
afterAll(async () => {
  await lab?.close();
  if (etc) await rm(etc, { recursive: true, force: true });
});
beforeEach(() => {
  vpn = new Vpn(lab, `${tests++}-`);
});
afterEach(async () => {
  await client?.stop();
  await server?.stop();
  [client, server] = [undefined, undefined];
});
explainFailures(() => vpn);

const setZone = (zone: object) => names.child.stdin?.write(`${JSON.stringify(zone)}\n`);
const resolvConf = () => readFile(`${etc}/resolv.conf`, 'utf8');
const untilResolvConf = (text: string) =>
  waitFor(`resolv.conf with ${text}`, async () => (await resolvConf()).includes(text));
const asked = (name: string) => names.stdout.split('\n').filter((line) => line.startsWith(`${name} `));

it('asks the DNS servers of the tunnel, keeps to them, and puts back what was there', async () => {
  const machine = await readFile('/etc/resolv.conf', 'utf8');
  const before = '# by hand\nsearch lan\nnameserver 192.0.2.53\n';
  await writeFile(`${etc}/resolv.conf`, before);
  setZone({ 'intra.test': '10.9.9.9' });
  server = await vpn.startServer(['--dns', WEB_ADDRESS]);
  client = await vpn.startClient({ invite: await vpn.invite('laptop') });
  await untilResolvConf(`nameserver ${WEB_ADDRESS}\n`);
  const found = await lab.client.namespace.run(['getent', 'ahostsv4', 'intra.test']);
  expect(found).toContain('10.9.9.9');
  expect(asked('intra.test')[0]).toContain(SERVER_ADDRESS);

  // A DHCP client knows better, for a moment; in the end its word counts.
  const late = '# by dhcp\nnameserver 10.40.1.1\n';
  await writeFile(`${etc}/resolv.conf`, late);
  await untilResolvConf(`nameserver ${WEB_ADDRESS}\n`);
  await client.stop();
  expect(await resolvConf()).toBe(late);

  client = await vpn.startClient();
  await untilResolvConf(`nameserver ${WEB_ADDRESS}\n`);
  await client.stop('SIGKILL');
  expect(await resolvConf()).toContain(WEB_ADDRESS);
  client = await vpn.startClient({ words: ['--no-dns'] });
  expect(await resolvConf()).toBe(late);
  expect(await readFile('/etc/resolv.conf', 'utf8')).toBe(machine);
});

it('leaves a file alone that it shares with the machine, and says so', async () => {
  await rm(`${etc}/resolv.conf`);
  const machine = await readFile('/etc/resolv.conf', 'utf8');
  server = await vpn.startServer();
  client = await vpn.startClient({ invite: await vpn.invite('laptop'), words: ['--dns', '192.0.2.1'] });
  await waitFor('a warning', () => client?.process.stderr.includes('dns-not-set'));
  expect(await readFile('/etc/resolv.conf', 'utf8')).toBe(machine);
});

it('finds a server that has moved, past its own kill switch, and lets nobody else ask', async () => {
  await writeFile(`${etc}/resolv.conf`, `nameserver ${WEB_ADDRESS}\n`);
  setZone({ [HOST]: SERVER_ADDRESS });
  server = await vpn.startServer();
  const stateDir = vpn.stateDir('server');
  const endpoint = `${HOST}:${SERVER_PORT}`;
  const words = ['invite', 'laptop', '--endpoint', endpoint, '--state-dir', stateDir];
  const invite = (await run(resipVpn(...words))).trim();
  client = await vpn.startClient({ invite, words: ['--kill-switch'] });

  // With the only address of a network its routes go as well.
  await lab.server.ip([
    `addr del ${SERVER_ADDRESS}/24 dev eth0`,
    `addr add ${NEW_ADDRESS}/24 dev eth0`,
    `route add default via ${SERVER_ADDRESS.replace(/\d+$/, '1')}`,
  ]);
  await client.until('the silence to be noticed', ({ peers }) =>
    peers[0].paths.every(({ state }) => state !== 'up'),
  );
  const secret = await attempt(
    lab.client.namespace.command(['timeout', '2', 'getent', 'hosts', 'secret.test']),
  );
  expect(secret.code).not.toBe(0);
  setZone({ [HOST]: NEW_ADDRESS });
  await client.until(
    'a path to the new address',
    ({ peers }) =>
      peers[0].paths.some(({ state, remote }) => state === 'up' && remote.startsWith(NEW_ADDRESS)),
    40_000,
  );
  expect(asked('secret.test').filter((line) => !line.endsWith(NEW_ADDRESS))).toEqual([]);
  expect(asked(HOST).length).toBeGreaterThan(2);
});
