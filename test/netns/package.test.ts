/** The Debian package on machines of its own: the commands of README as they stand there, an upgrade, a purge. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Process, run, waitFor } from './lab/process.ts';
import { Machine } from './machine.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const SERVER_ADDRESS = '192.0.2.10';
/** Whoever reads README is not root; a machine of a test has nobody else. */
const SUDO = 'sudo() { "$@"; }; ';

let folder: string;
let deb: string;
let server: Machine;
let laptop: Machine;
const daemons: Process[] = [];

/** The two blocks of the section, line by line. */
function printedCommands(): { onServer: string[]; onLaptop: string[] } {
  const section = README.slice(README.indexOf('## Two machines, six commands'));
  const [onServer, onLaptop] = [...section.matchAll(/```\n([\s\S]*?)```/g)].map(([, block]) =>
    block.trim().split('\n'),
  );
  return { onServer, onLaptop };
}

/** As typed in the folder that the package lies in. */
const type = (machine: Machine, line: string) =>
  machine.type(`${SUDO}cd ${folder} && ${line} 2>${folder}/stderr`);

/** What `init` and `join` say where no systemd runs. */
async function startByHand(machine: Machine, said: string): Promise<Process> {
  const command = /^start it +(resip-vpn .*?) {2,}/m.exec(said)?.[1] ?? expect.fail(said);
  const daemon = machine.start(['bash', '-c', `exec ${command}`]);
  daemons.push(daemon);
  return daemon;
}

async function repeat(count: number, measure: () => Promise<number>): Promise<number[]> {
  const values: number[] = [];
  while (values.length < count) values.push(await measure());
  return values;
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1];

/** Every file of the product on a machine, apart from dpkg's own records. */
const traces = (machine: Machine) =>
  machine.type(
    "find /etc /usr /var /run -iname '*resip*' -not -path '/var/lib/dpkg/*' -not -path '/var/log/*'",
  );

/** Node.js need not have come as a package: then one without content says that it is there. */
async function haveNode(machine: Machine): Promise<void> {
  const { stdout } = await machine.attempt(['dpkg', '--status', 'nodejs']);
  if (/^Status: .* installed$/m.test(stdout)) return;
  const control = `Package: nodejs\nVersion: ${process.versions.node}\nArchitecture: all\nMaintainer: test\nDescription: test\n`;
  const root = `/run/nodejs-${machine.pid}`;
  await machine.type(`mkdir -p ${root}/DEBIAN && cat >${root}/DEBIAN/control <<'END'\n${control}END`);
  await machine.type(`dpkg-deb --build ${root} ${root}.deb && dpkg --install ${root}.deb && rm -r ${root}*`);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resip-package-'));
  [server, laptop] = await Promise.all([Machine.raise(), Machine.raise()]);
  for (const machine of [server, laptop]) {
    await machine.type("find /etc /usr -iname '*resip*' -delete; userdel resip-vpn || true");
  }
  await server.type(`ip link add eth0 type veth peer name wlan0 netns ${laptop.pid}`);
  await server.type(
    `ip addr add ${SERVER_ADDRESS}/24 dev eth0 && ip link set eth0 up && ip route add default via 192.0.2.1`,
  );
  await laptop.type(
    'ip addr add 192.0.2.20/24 dev wlan0 && ip link set wlan0 up && ip route add default via 192.0.2.1',
  );
  await laptop.type(`echo '${SERVER_ADDRESS} vpn.example.net' >>/etc/hosts`);
  const built = await run(['bash', join(ROOT, 'scripts/package/deb.sh'), 'amd64', folder]);
  deb = built.trim();
  await Promise.all([server, laptop].map(haveNode));
}, 180_000);
afterAll(async () => {
  await Promise.all(daemons.map((daemon) => daemon.stop()));
  await Promise.all([server?.remove(), laptop?.remove()]);
  if (folder !== undefined) await rm(folder, { recursive: true });
});

it('six commands lead from two empty machines to a ping through the tunnel', async () => {
  const { onServer, onLaptop } = printedCommands();
  expect(onServer.length + onLaptop.length).toBe(6);
  const [install, init, invite] = onServer;
  await type(server, install);
  const serverDaemon = await startByHand(server, await type(server, init));
  await waitFor(
    'the server',
    () => {
      if (!serverDaemon.isRunning) throw new Error(serverDaemon.stderr);
      return serverDaemon.stderr.includes('listening');
    },
    30_000,
  );
  const line = (await type(server, invite)).trim();
  expect(line).toMatch(/^resip:\/\/vpn\.example\.net:4600\/#/);

  const [installHere, join, ping] = onLaptop;
  await type(laptop, installHere);
  const clientDaemon = await startByHand(laptop, await type(laptop, join.replace('resip://…', line)));
  await waitFor(
    'the tunnel',
    () => {
      if (!clientDaemon.isRunning) throw new Error(clientDaemon.stderr);
      return clientDaemon.stderr.includes('connected');
    },
    30_000,
  );
  const { stdout } = await laptop.attempt(['bash', '-c', ping.replace('ping', 'ping -c 3 -i 0.2')]);
  expect(stdout).toContain(' 0% packet loss');
  expect(await laptop.type('resip-vpn status')).toContain('wlan0');
});

it('the server that root started is root no more, and keeps the rights to the network alone', async () => {
  const [daemon] = daemons;
  const status = await server.type(`cat /proc/${daemon.child.pid}/status`);
  const uid = (await server.type('id -u resip-vpn')).trim();
  expect(status).toMatch(new RegExp(`^Uid:\\t${uid}\\t${uid}\\t${uid}\\t${uid}$`, 'm'));
  // CAP_NET_BIND_SERVICE, CAP_NET_ADMIN and CAP_NET_RAW: bits 10, 12 and 13.
  for (const set of ['CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
    expect(status).toContain(`${set}:\t0000000000003400\n`);
  expect(status).toContain('NoNewPrivs:\t1\n');
  expect(await server.type('find /var/lib/resip-vpn/server -not -user resip-vpn')).toBe('');
});

it('is quick to start: its help, and a client up to the first packet', async () => {
  const elapsedMs = async (work: () => Promise<unknown>) => {
    const began = performance.now();
    await work();
    return performance.now() - began;
  };
  const help = await repeat(7, () => elapsedMs(() => laptop.run(['resip-vpn', '--help'])));
  const bare = await repeat(7, () => elapsedMs(() => laptop.run([process.execPath, '-e', '0'])));
  await daemons.pop()?.stop();
  const first = await repeat(3, async () => {
    let client: Process | undefined;
    const tookMs = await elapsedMs(async () => {
      client = laptop.start(['resip-vpn', 'client']);
      await laptop.type('until ping -c 1 -W 1 10.77.0.1; do sleep 0.02; done >/dev/null 2>&1');
    });
    await client?.stop();
    return tookMs;
  });
  const show = (values: readonly number[]) => `${Math.round(median(values))} ms`;
  process.stderr.write(
    `start-up, medians: --help ${show(help)} (bare Node.js ${show(bare)}), client to the first packet ${show(first)}\n`,
  );
  // The scripts that it calls are part of the package, each with the rights that the daemon keeps.
  daemons.push(laptop.start(['resip-vpn', 'client', '--persist', 'tcp:22']));
  await waitFor('the tunnel', () => daemons.at(-1)?.stderr.includes('connected'), 30_000).catch((error) => {
    throw new Error(`${error.message}: ${daemons.at(-1)?.stderr}`);
  });
  await waitFor('its table', async () => (await laptop.type('nft list tables')).includes('persist'));
  // On a machine of its own 150 ms and one second; what other tests take beside this one, now and not then, is not ours.
  expect(Math.min(...help)).toBeLessThan(Math.max(150, 10 * median(bare)));
  expect(Math.min(...first)).toBeLessThan(Math.max(1_000, 50 * median(bare)));
});

it('manual pages and completions are where programs look for them', async () => {
  expect(await server.type('man -w 8 resip-vpn && man -w 5 resip-vpn.toml')).toMatch(/8\.gz\n.*5\.gz\n$/);
  expect(
    await server.type('ls /usr/share/zsh/vendor-completions /usr/share/fish/vendor_completions.d'),
  ).toMatch(/resip-vpn\.fish\n[\s\S]*_resip-vpn\n/);
});

it('`npm pack` takes what runs elsewhere, the addon included', async () => {
  // The package's own scripts have just run for the other one.
  const made = await run(['npm', 'pack', ROOT, '--ignore-scripts', '--silent', '--pack-destination', folder]);
  await run(['tar', '-xzf', join(folder, made.trim().split('\n').at(-1) ?? ''), '-C', folder]);
  await run(['ln', '-s', join(ROOT, 'node_modules'), join(folder, 'package/node_modules')]);
  const elsewhere = join(folder, 'package');
  expect(await run(['node', join(elsewhere, 'dist/main.js'), '--version'])).toMatch(/^\d+\.\d+\.\d+\n$/);
  await run(['node', join(elsewhere, 'scripts/install-addon.mjs')]);
  const load = `const { loadAddon } = await import('${elsewhere}/dist/native/addon.js'); process.stdout.write(typeof loadAddon().seal)`;
  expect(await run(['node', '--input-type=module', '-e', load])).toBe('function');
  const files = (await run(['find', elsewhere, '-type', 'f']))
    .split('\n')
    .map((path) => path.slice(elsewhere.length + 1));
  expect(files).toEqual(
    expect.arrayContaining([
      'scripts/nat.sh',
      'scripts/persist.sh',
      'systemd/resip-vpn-client@.service',
      'share/man/man8/resip-vpn.8',
    ]),
  );
  expect(files.filter((path) => /^(test|src|native\/build)\//.test(path))).toEqual([]);
});

it('an upgrade keeps keys, leases and configuration, also while the daemon runs', async () => {
  const kept = 'sha256sum /etc/resip-vpn/* /var/lib/resip-vpn/*/server.json /var/lib/resip-vpn/*/clients/*';
  const before = await server.type(kept);
  const next = join(folder, 'next.deb');
  await run(['dpkg-deb', '-R', deb, join(folder, 'next')]);
  await run(['sed', '-i', 's/^Version: .*/Version: 99.0.0/', join(folder, 'next/DEBIAN/control')]);
  await run(['dpkg-deb', '-Znone', '--build', join(folder, 'next'), next]);
  await server.run(['dpkg', '--install', next]);
  expect(await server.type('dpkg -s resip-vpn')).toContain('\nVersion: 99.0.0\n');
  expect(await server.type(kept)).toBe(before);
  expect((await laptop.attempt(['ping', '-c', '2', '-i', '0.2', '10.77.0.1'])).stdout).toContain(
    ' 0% packet loss',
  );
});

it('removed it leaves keys and configuration, purged nothing', async () => {
  await Promise.all(daemons.map((daemon) => daemon.stop()));
  await server.run(['dpkg', '--remove', 'resip-vpn']);
  const left = await traces(server);
  expect(left).toContain('/etc/resip-vpn\n');
  expect(left).toContain('/var/lib/resip-vpn\n');
  expect(left).not.toContain('/usr/');
  for (const machine of [server, laptop]) {
    // On a machine of its own nobody else runs processes under the user's number, which keep a user from going.
    await machine.run(['unshare', '--pid', '--fork', '--mount-proc', 'dpkg', '--purge', 'resip-vpn']);
    expect(await traces(machine)).toBe('');
    expect((await machine.attempt(['id', 'resip-vpn'])).code).toBe(1);
  }
});
