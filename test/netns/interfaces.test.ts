/**
 * Interfaces as they live, under a real client: what happens to them leads to the right thing, on its own, at once.
 *
 *   client                       far (gateways and server)
 *   wifi 192.0.2.2/24    ------  192.0.2.1      203.0.113.1 on lo
 *   lte  198.51.100.2/24 ------  198.51.100.1
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Snapshot } from '../../src/engine/messages.ts';
import type { Namespace } from './host/namespace.ts';
import { SERVER, Uplinks } from './host/uplinks.ts';
import { attempt, Process, run, waitFor } from './lab/process.ts';
import { resipVpn } from './lab/vpn.ts';

/** Of a change and of what the client says about it, the time between. The best of a few: the machine has other work. */
const LIMIT_MS = 100;
const ATTEMPTS = 3;

const GATEWAY = 'default via 198.51.100.1 dev lte';
let links: Uplinks;
let kernel: Process;
let directory: string;
let client: Process;
let processes: Process[];

beforeAll(async () => {
  links = new Uplinks();
  links.client.run(`ip route del ${GATEWAY} table 50`);
  links.client.run(`ip route add ${GATEWAY} metric 900`);
  directory = links.client.stateDir();
  processes = [];
  start(links.far, ['server', '--no-nat', '--state-dir', join(directory, 'server'), '--no-config']);
  await waitFor('the server', async () => (await attempt(ask('server', 'status'))).code === 0);
  // A carrier may be told of up to a second late (linkwatch): from then on the client is responsible.
  kernel = new Process(`ip netns exec ${links.client.name} ip -ts -o monitor link address route`.split(' '));
  processes.push(kernel);
  await startClient('-i', 'wifi', '-i', 'lte*');
});
afterAll(async () => {
  for (const started of processes.reverse()) await started.stop();
  await links.remove();
});

function start(namespace: Namespace, words: readonly string[]): Process {
  const started = new Process(['ip', 'netns', 'exec', namespace.name, ...resipVpn(...words)]);
  processes.push(started);
  return started;
}

function ask(who: string, ...words: readonly string[]): string[] {
  return resipVpn(...words, '--state-dir', join(directory, who));
}

async function startClient(...words: readonly string[]): Promise<void> {
  const invite = (await run(ask('server', 'invite', 'laptop', '--endpoint', SERVER))).trim();
  const where = ['--tun', 'tun8', '--route', 'none', '--log', 'json', '--no-config'];
  client = start(links.client, [
    'client',
    invite,
    ...words,
    ...where,
    '--state-dir',
    join(directory, 'client'),
  ]);
  await up('wifi', 'lte');
}

async function status(): Promise<Snapshot> {
  return JSON.parse(await run(ask('client', 'status', '--json')));
}

/** Waits until exactly these interfaces have a path that is up. */
async function up(...names: readonly string[]): Promise<void> {
  await waitFor(`paths over ${names}\n${client.stderr}`, async () => {
    const { code, stdout } = await attempt(ask('client', 'status', '--json'));
    if (code !== 0) return false;
    const paths = (JSON.parse(stdout) as Snapshot).peers[0].paths.filter(({ state }) => state === 'up');
    return (
      [...new Set(paths.map(({ interfaceName }) => interfaceName))].sort().join() === [...names].sort().join()
    );
  });
}

interface Line {
  readonly time: string;
  readonly msg: string;
  readonly interfaceName?: string;
}

function said(from: number): Line[] {
  const text = client.stderr.slice(from);
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

/** Milliseconds from the kernel's first word about `change` until the client says `event` of `interfaceName`. */
async function latency(change: () => void, event: string, interfaceName: string): Promise<number> {
  const from = client.stderr.length;
  const kernelFrom = kernel.stdout.length;
  change();
  const toldMs = await waitFor('the kernel', async () => {
    const stamp = /^\[(\S+)\]/m.exec(kernel.stdout.slice(kernelFrom))?.[1];
    return stamp !== undefined && Date.parse(stamp);
  });
  const line = await waitFor(`${event} of ${interfaceName}\n${client.stderr.slice(from)}`, async () =>
    said(from).find((other) => other.msg === event && other.interfaceName === interfaceName),
  );
  return Math.max(0, Math.round(Date.parse(line.time) - toldMs));
}

/** There and back, so often as it takes to be sure that it was not the machine. */
async function measure(
  what: string,
  there: { change: () => void; event: string },
  back: { change: () => void; event: string; up: readonly string[] },
  interfaceName = 'lte',
): Promise<void> {
  const seen: { there: number; back: number }[] = [];
  const worst = () => Math.max(Math.min(...seen.map((s) => s.there)), Math.min(...seen.map((s) => s.back)));
  do {
    const thereMs = await latency(there.change, there.event, interfaceName);
    const backMs = await latency(back.change, back.event, interfaceName);
    seen.push({ there: thereMs, back: backMs });
    await up(...back.up);
  } while (worst() > LIMIT_MS && seen.length < ATTEMPTS);
  const told = seen.map((s) => `${there.event} after ${s.there} ms, ${back.event} after ${s.back} ms`);
  console.log(`${what}: ${told.join('; ')}`);
  expect(worst()).toBeLessThanOrEqual(LIMIT_MS);
}

const inside = (line: string) => () => void links.client.run(line);
const both = ['wifi', 'lte'];

/** A network manager at work. */
function configure(address: string): void {
  links.client.run(`ip addr add ${address}/24 dev lte`);
  links.client.run('ip link set lte up');
  links.client.run(`ip route add ${GATEWAY} metric 900`);
}

test('switched off (airplane mode) and on again', async () => {
  await measure(
    'switched off and on',
    { change: inside('ip link set lte down'), event: 'path-closed' },
    {
      change: () => {
        links.client.run('ip link set lte up');
        links.client.run(`ip route add ${GATEWAY} metric 900`);
      },
      event: 'path-opened',
      up: both,
    },
  );
});

test('a carrier that is lost and found', async () => {
  await measure(
    'carrier',
    { change: () => void links.far.run('ip link set lte down'), event: 'path-closed' },
    { change: () => void links.far.run('ip link set lte up'), event: 'path-opened', up: both },
  );
});

test('another address, and then another gateway, by DHCP: the path is rebound and never closed', async () => {
  links.far.run('ip addr add 198.51.100.9/24 dev lte');
  const from = client.stderr.length;
  await measure(
    'address and gateway',
    {
      change: () => {
        links.client.run('ip addr add 198.51.100.77/24 dev lte');
      },
      event: 'path-rebound',
    },
    {
      change: () => {
        links.client.run('ip addr del 198.51.100.77/24 dev lte');
      },
      event: 'path-rebound',
      up: both,
    },
  );
  await measure(
    'gateway',
    { change: inside('ip route replace default via 198.51.100.9 dev lte metric 900'), event: 'path-rebound' },
    {
      change: inside(`ip route replace ${GATEWAY} metric 900`),
      event: 'path-rebound',
      up: both,
    },
  );
  expect(said(from).filter(({ msg }) => msg === 'path-closed')).toEqual([]);
});

test('an interface that takes smaller packets, and larger ones again: told within the same time', async () => {
  await measure(
    'MTU',
    { change: inside('ip link set lte mtu 1400'), event: 'path-mtu' },
    { change: inside('ip link set lte mtu 1500'), event: 'path-mtu', up: both },
  );
  await waitFor('packets of full size again', async () =>
    (await status()).peers[0].paths.every(({ mtuBytes }) => mtuBytes === 1_500),
  );
});

test('the way to the server lost and found: no gateway, no path', async () => {
  await measure(
    'route',
    { change: inside(`ip route del ${GATEWAY}`), event: 'path-closed' },
    {
      change: inside(`ip route add ${GATEWAY} metric 900`),
      event: 'path-opened',
      up: both,
    },
  );
});

test('a modem that is unplugged and comes back under its name, with another address', async () => {
  let host = 10;
  await measure(
    'unplugged and back',
    { change: inside('ip link del lte'), event: 'path-closed' },
    {
      change: () => {
        links.client.run(`ip link add lte type veth peer name lte netns ${links.far.name}`);
        links.far.run('ip addr add 198.51.100.1/24 dev lte');
        links.far.run('ip link set lte up');
        configure(`198.51.100.${host++}`);
      },
      event: 'path-opened',
      up: both,
    },
  );
});

test('a pattern takes what is plugged in, and neither the tunnel nor loopback; paths at run time; wakeup', async () => {
  const absent =
    /^ {2}the interface usb9 does not exist\n {4}cause: this machine has .*\bwifi\b.*\n {4}fix: /m;
  expect(await run(ask('client', 'path', 'add', 'usb9'))).toMatch(absent);
  expect(await run(ask('client', 'status'))).toMatch(absent);
  await run(ask('client', 'path', 'remove', 'usb9'));
  await run(ask('client', 'path', 'add', '*,backup'));
  links.client.run(`ip link add usb0 type veth peer name usb0 netns ${links.far.name}`);
  links.far.run('ip addr add 192.0.3.1/24 dev usb0');
  links.far.run('ip link set usb0 up');
  links.client.run('ip addr add 192.0.3.2/24 dev usb0');
  links.client.run('ip link set usb0 up');
  links.client.run('ip route add default via 192.0.3.1 dev usb0 metric 901');
  await up('wifi', 'lte', 'usb0');
  const list = await run(ask('client', 'path', 'list'));
  expect(list).toMatch(/^\*,backup {2}open: usb0 \(IPv4\)$/m);

  await run(ask('client', 'path', 'remove', 'wifi'));
  await run(ask('client', 'path', 'remove', '*'));
  await up('lte');
  links.client.run('ip link del usb0');
  const before = await addressesOf();
  await run(ask('client', 'wakeup', '-i', 'lte'));
  // A new socket: the server sees another port.
  await waitFor('another outer port', async () => (await addressesOf()).join() !== before.join());
  const { code, stderr } = await attempt(ask('client', 'wakeup', '-i', 'eth9'));
  expect([code, stderr]).toEqual([1, expect.stringContaining('eth9 is not in use')]);
  await run(ask('client', 'path', 'add', 'wifi'));
  await up('wifi', 'lte');
});

async function addressesOf(): Promise<(string | null)[]> {
  return (await status()).peers[0].paths.map(({ observed }) => observed);
}

test('a process that was stopped asks anew when it goes on', async () => {
  const pid = client.child.pid as number;
  process.kill(pid, 'SIGSTOP');
  await new Promise((resolve) => setTimeout(resolve, 6_000));
  const from = client.stderr.length;
  process.kill(pid, 'SIGCONT');
  await waitFor('a word about it', async () => said(from).some(({ msg }) => msg === 'standstill'));
  await up('wifi', 'lte');
});

test('the control socket can be reached by its owner alone', () => {
  const control = join(directory, 'client', 'control');
  expect(statSync(control).mode & 0o777).toBe(0o700);
  expect(statSync(join(control, 'control.sock')).mode & 0o777).toBe(0o600);
});
