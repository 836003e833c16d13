/** Nothing leaves a machine with a kill switch but its tunnel, whatever happens to links and client. */
import { mkdir, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { explainFailures } from './lab/failures.ts';
import { hostState } from './lab/host-state.ts';
import { Lab } from './lab/lab.ts';
import { LeakWatch } from './lab/leaks.ts';
import { type LinkPlan, SERVER_ADDRESS, WEB_ADDRESS, WEB_ADDRESS6 } from './lab/plan.ts';
import { attempt, type Process, run, waitFor } from './lab/process.ts';
import { seededRandom } from './lab/random.ts';
import { type Daemon, resipVpn, Vpn } from './lab/vpn.ts';

/** A minute by hand: RESIP_LEAK_SECONDS=60. */
const LEAK_SECONDS = Number(process.env.RESIP_LEAK_SECONDS ?? 8);
const CHATTER = new URL('./lab/traffic/chatter.ts', import.meta.url).pathname;
let lab: Lab;
let vpn: Vpn;
let tests = 0;

beforeAll(async () => {
  lab = await Lab.raise({
    links: [
      { kind: 'wifi', settings: { delayMs: 5 } },
      { kind: 'lte', settings: { delayMs: 15 } },
    ],
  });
  console.log(`seed ${lab.seed}`);
});
afterAll(() => lab?.close());
beforeEach(() => {
  vpn = new Vpn(lab, `${tests++}-`);
});
/** The client of a test, ended cleanly whatever became of it: an open machine for the next one. */
let client: Daemon | undefined;
let server: Daemon | undefined;
afterEach(async () => {
  await client?.stop();
  await server?.stop();
  if (client) await killSwitch('off');
  [client, server] = [undefined, undefined];
});
explainFailures(() => vpn);

const inClient = (...words: string[]) => lab.client.namespace.command(words);
const killSwitch = async (what: string) => {
  const words = resipVpn('kill-switch', what, '--state-dir', vpn.stateDir('client'));
  return (await run(inClient(...words))).trim();
};
const launch = (invite?: string) => vpn.launchClient({ invite, words: ['--kill-switch'] });
const untilOn = () => waitFor('the kill switch', async () => (await killSwitch('status')) === 'on');
const reachesWeb = async (host = WEB_ADDRESS) =>
  (await attempt(inClient('curl', '-sg', '-m', '3', `http://${host}/`))).code === 0;
/** A path that is up precedes the routes into the tunnel by a moment. */
const untilReachable = (host?: string) => waitFor('the web host', () => reachesWeb(host));
const untilUp = (daemon: Daemon) =>
  daemon.until('a path up', ({ peers }) => peers[0]?.paths.some(({ state }) => state === 'up') === true);

function startChatter(): Process {
  const { links } = lab.client;
  const [{ gateway, gateway6 }] = links;
  const names = links.map(({ interfaceName }) => interfaceName);
  const words = [WEB_ADDRESS, WEB_ADDRESS6, gateway, gateway6, ...names];
  return lab.start(lab.client.namespace, ['node', '--import', 'tsx', CHATTER, ...words], { stdin: true });
}

const attempts = (chatter: Process) => Number(chatter.stdout.trimEnd().split('\n').at(-1) || 0);

/** As a network manager does when the link is back. */
async function configure(link: LinkPlan): Promise<void> {
  const { interfaceName, address, address6, prefixLength, gateway, gateway6, metric, macs } = link;
  await lab.client.namespace.ip([
    `link set ${interfaceName} up`,
    `addr replace ${address}/${prefixLength} dev ${interfaceName}`,
    `addr replace ${address6}/64 dev ${interfaceName} nodad`,
    `neigh replace ${gateway} lladdr ${macs[1]} dev ${interfaceName} nud permanent`,
    `neigh replace ${gateway6} lladdr ${macs[1]} dev ${interfaceName} nud permanent`,
    `route replace default via ${gateway} dev ${interfaceName} metric ${metric}`,
    `route replace ::/0 via ${gateway6} dev ${interfaceName} metric ${metric}`,
  ]);
}

it('lets nothing out while links and clients come, go, and are killed', async () => {
  const random = seededRandom(lab.seed);
  const pick = <T>(values: readonly T[]) => values[Math.floor(random() * values.length)];
  server = await vpn.startServer();
  const invite = await vpn.invite('laptop');
  await server.stop();

  // Without a server first: what was there before the tunnel stays inside as well.
  client = launch(invite);
  await untilOn();
  const watch = await LeakWatch.start(lab, lab.client.namespace);
  const chatter = startChatter();
  await waitFor('chatter', () => attempts(chatter) > 200);
  server = await vpn.startServer();
  await untilUp(client);
  await untilReachable();
  await untilReachable(`[${WEB_ADDRESS6}]`);

  const { namespace, links } = lab.client;
  const happenings: Readonly<Record<string, (link: LinkPlan) => Promise<unknown>>> = {
    down: ({ interfaceName }) => namespace.ip([`link set ${interfaceName} down`]),
    renumber: ({ interfaceName }) => namespace.ip([`addr flush dev ${interfaceName}`]),
    cut: ({ name }) => lab.cut(name),
    restore: ({ name }) => lab.restore(name),
    configure,
    kill: async () => {
      await client?.stop('SIGKILL');
      client = random() < 0.5 ? launch() : client;
    },
    start: async () => {
      if (!client?.process.isRunning) client = launch();
    },
  };
  const end = performance.now() + LEAK_SECONDS * 1_000;
  const done: string[] = [];
  while (performance.now() < end) {
    const what = pick(Object.keys(happenings));
    const link = pick(links);
    await happenings[what](link);
    done.push(`${what} ${link.name}`);
    await sleep(50 + 400 * random());
  }
  for (const link of links) {
    await configure(link);
    await lab.restore(link.name);
  }
  await client.stop('SIGKILL');
  const before = attempts(chatter);
  await waitFor('chatter after the last kill', () => attempts(chatter) > before + 100);
  client = launch();
  await untilUp(client);
  await untilReachable();

  const { tunnel, leaks } = await watch.stop();
  console.log(`${done.join(', ')}; ${attempts(chatter)} attempts, ${tunnel} tunnel datagrams`);
  expect(tunnel).toBeGreaterThan(100);
  expect(leaks).toEqual([]);

  // The same eyes see the same traffic leave once the kill switch is gone.
  const open = await LeakWatch.start(lab, namespace);
  await client.stop();
  await waitFor('everything to leave', () => {
    const seen = open.traffic().leaks.join('\n');
    return ['UDP', 'protocol 6', 'IPv6 protocol 17', 'protocol 1 ', ':5353'].every((kind) =>
      seen.includes(kind),
    );
  });
  await open.stop();
  await chatter.stop();
});

it('goes with a clean end, stays after a failure, and goes on demand', async () => {
  const before = await hostState(lab.client.namespace);
  server = await vpn.startServer();
  client = launch(await vpn.invite('laptop'));
  await untilUp(client);
  expect(await killSwitch('status')).toBe('on');
  const refused = await attempt(
    inClient(...resipVpn('kill-switch', 'off', '--state-dir', vpn.stateDir('client'))),
  );
  expect(refused.stderr).toContain('in use');
  expect((await client.stop()).code).toBe(0);
  expect(await hostState(lab.client.namespace)).toBe(before);

  // An address that is another's: the server refuses, the client fails, and the machine stays closed.
  client = vpn.launchClient({ words: ['--kill-switch', '--address', '10.99.0.1'] });
  expect((await client.process.ended).code).toBe(1);
  expect(client.process.stderr).toContain('kill-switch off');
  expect(await killSwitch('status')).toBe('on');
  expect(await reachesWeb()).toBe(false);
  expect(await killSwitch('off')).toContain('is off');
  await untilReachable();
  expect(await hostState(lab.client.namespace)).toBe(before);

  // After kill -9, a start without the flag is a wish as well.
  client = launch();
  await untilUp(client);
  await client.stop('SIGKILL');
  client = vpn.launchClient();
  await untilUp(client);
  expect(await killSwitch('status')).toBe('off');
});

/** The link's router, by the link: past the tunnel. */
const reachesRouter = async ({ interfaceName, gateway }: LinkPlan) =>
  (await attempt(inClient('ping', '-c', '1', '-W', '2', '-I', interfaceName, gateway))).code === 0;

it('is put back when somebody flushes the firewall, and lets allowed networks out', async () => {
  const [wifi, lte] = lab.client.links;
  const words = ['--kill-switch', '--kill-switch-allow', `${wifi.gateway}/32`];
  server = await vpn.startServer();
  client = vpn.launchClient({ invite: await vpn.invite('laptop'), words });
  await untilUp(client);
  await lab.client.namespace.run(['nft', 'flush', 'ruleset']);
  await untilOn();
  await untilReachable();
  await client.stop('SIGKILL');
  expect(await reachesWeb()).toBe(false);
  expect([await reachesRouter(wifi), await reachesRouter(lte)]).toEqual([true, false]);
});

it('does the same by iptables where there is no nft', async () => {
  const [wifi, lte] = lab.client.links;
  const withoutNft = await toolsBut('nft');
  const words = ['--kill-switch', '--kill-switch-allow', `${wifi.gateway}/32`];
  server = await vpn.startServer();
  client = vpn.launchClient({ invite: await vpn.invite('laptop'), words, env: { PATH: withoutNft } });
  await untilUp(client);
  await lab.client.namespace.run(['iptables', '-F', 'OUTPUT']);
  await lab.client.namespace.ip([`addr add 192.168.1.77/24 dev ${wifi.interfaceName}`]);
  await waitFor('the rules to be back', async () =>
    (await lab.client.namespace.run(['iptables', '-S', 'OUTPUT'])).includes('RESIP-KSO'),
  );
  await lab.client.namespace.ip([`addr del 192.168.1.77/24 dev ${wifi.interfaceName}`]);
  await untilReachable();
  await client.stop('SIGKILL');
  expect([await reachesWeb(), await reachesWeb(`[${WEB_ADDRESS6}]`)]).toEqual([false, false]);
  expect([await reachesRouter(wifi), await reachesRouter(lte)]).toEqual([true, false]);
  client = vpn.launchClient({ env: { PATH: withoutNft } });
  await untilUp(client);
  expect(await lab.client.namespace.run(['iptables-save'])).not.toContain('RESIP');
  expect(await lab.client.namespace.run(['ip6tables-save'])).not.toContain('RESIP');
});

/** A directory for PATH with everything that the system's programs directories hold but `missing`. */
async function toolsBut(missing: string): Promise<string> {
  const directory = join(lab.directory, `but-${missing}`);
  await mkdir(directory);
  for (const from of ['/usr/sbin', '/usr/bin'])
    for (const name of await readdir(from))
      if (name !== missing) await symlink(join(from, name), join(directory, name)).catch(() => {});
  return directory;
}

it('lets programs out that were excluded, over any link or one, as long as they may', async () => {
  const [wifi, lte] = lab.client.links;
  const url = `http://${WEB_ADDRESS}/`;
  const curl = ['curl', '-s', '-m', '3', url];
  const excluded = (verb: readonly string[], command: readonly string[]) =>
    attempt(inClient(...resipVpn(...verb, '--state-dir', vpn.stateDir('client'), '--', ...command)));
  server = await vpn.startServer();
  client = launch(await vpn.invite('laptop'));
  await untilUp(client);
  await untilReachable();
  const seen = async (command: Promise<{ stdout: string; stderr: string }>) => {
    const { stdout, stderr } = await command;
    return (stdout + stderr).trim();
  };
  expect(await seen(attempt(inClient(...curl)))).toBe(SERVER_ADDRESS);
  expect(await seen(excluded(['exclude'], curl))).toBe(wifi.publicAddress);
  expect((await excluded(['exclude'], ['bash', '-c', 'exit 7'])).code).toBe(7);

  const untilClosed = `while curl -s -m 3 ${url}; do sleep 0.3; done; echo closed`;
  const words = ['portal', '-i', lte.interfaceName, '--for', '3s'];
  const portal = (await excluded(words, ['bash', '-c', untilClosed])).stdout.trim().split('\n');
  expect([portal[0], portal.at(-1)]).toEqual([lte.publicAddress, 'closed']);
  expect(new Set(portal).size).toBe(2);
  expect(await lab.client.namespace.run(['nft', 'list', 'tables'])).not.toMatch(/portal|excluded/);

  const missing = await excluded(['portal', '-i', 'eth7'], curl);
  expect(missing).toMatchObject({ code: 1, stdout: '' });
  expect(missing.stderr).toContain('eth7 carries no path');
});
