/**
 * A client of the commit before this one (RESIP_PREDECESSOR names another) still works with this server, and this client with its
 * server: upgrades never come to all machines at once.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Process, run, waitFor } from './lab/process.ts';
import { Machine } from './machine.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const COMMIT = process.env.RESIP_PREDECESSOR ?? 'HEAD~1';
const git = (...words: string[]) => spawnSync('git', ['-C', ROOT, ...words], { encoding: 'utf8' });
const hasHistory = git('rev-parse', '--verify', '--quiet', `${COMMIT}^{commit}`).status === 0;
if (!hasHistory) process.stderr.write(`there is no predecessor to try: no commit ${COMMIT} here\n`);

const programs = { now: join(ROOT, 'dist/main.js'), before: '' };
let folder: string;
let server: Machine;
let laptop: Machine;

/** The commit as it was, built without its checks; with this addon where it had the same. */
async function build(directory: string): Promise<string> {
  const archive = join(directory, 'archive.tar');
  await run(['git', '-C', ROOT, 'archive', '--output', archive, COMMIT]);
  await run(['tar', '-xf', archive, '-C', directory]);
  await run(['ln', '-s', join(ROOT, 'node_modules'), join(directory, 'node_modules')]);
  const hasSameAddon = git('diff', '--quiet', COMMIT, '--', 'native/src', 'native/binding.gyp').status === 0;
  if (hasSameAddon) await run(['ln', '-s', join(ROOT, 'native/build'), join(directory, 'native/build')]);
  else await run(['npm', '--prefix', directory, 'run', '--silent', 'build:native']);
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  await run([tsc, '-p', join(directory, 'tsconfig.build.json'), '--noCheck']);
  return join(directory, 'dist/main.js');
}

beforeAll(async () => {
  if (!hasHistory) return;
  folder = mkdtempSync(join(tmpdir(), 'resip-predecessor-'));
  [server, laptop, programs.before] = await Promise.all([Machine.raise(), Machine.raise(), build(folder)]);
  await server.type(`ip link add eth0 type veth peer name wlan0 netns ${laptop.pid}`);
  await server.type('ip addr add 192.0.2.10/24 dev eth0 && ip link set eth0 up');
  await laptop.type('ip addr add 192.0.2.20/24 dev wlan0 && ip link set wlan0 up');
}, 180_000);
afterAll(async () => {
  await Promise.all([server?.remove(), laptop?.remove()]);
  if (folder !== undefined) rmSync(folder, { recursive: true });
});

describe.runIf(hasHistory).each([
  ['before', 'now'],
  ['now', 'before'],
] as const)('a client of %s and a server of %s', (clientOf, serverOf) => {
  const daemons: Process[] = [];
  afterAll(() => Promise.all(daemons.map((daemon) => daemon.stop())));

  it('find together, and packets pass', async () => {
    const stateDir = (name: string) => ['--state-dir', join(folder, `${clientOf}-${name}`)];
    const start = async (machine: Machine, program: string, words: string[], word: string) => {
      const daemon = machine.start([process.execPath, program, ...words]);
      daemons.push(daemon);
      await waitFor(
        word,
        () => {
          if (!daemon.isRunning) throw new Error(daemon.stderr);
          return daemon.stderr.includes(word);
        },
        30_000,
      );
    };
    const inviting = ['invite', 'laptop', '--endpoint', '192.0.2.10:4600', ...stateDir('server')];
    const line = (await server.run([process.execPath, programs[serverOf], ...inviting])).trim();
    await start(
      server,
      programs[serverOf],
      ['server', '--no-config', '--no-nat', ...stateDir('server')],
      'listening',
    );
    const joining = ['client', line, '--no-config', '-i', 'wlan0', '--route', 'none', ...stateDir('client')];
    await start(laptop, programs[clientOf], joining, 'connected');
    const { stdout } = await laptop.attempt(['ping', '-c', '3', '-i', '0.2', '-s', '3000', '10.77.0.1']);
    expect(stdout).toContain(' 0% packet loss');
  });
});
