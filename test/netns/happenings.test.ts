/** What happens is written down and told to the owner's programs, at both ends, and outlives kill -9. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import type { EventRecord } from '../../src/state/event-reader.ts';
import type { Lab } from './lab/lab.ts';
import { attempt, type Process, run, waitFor } from './lab/process.ts';
import { shareLab } from './lab/shared-lab.ts';
import { startPing } from './lab/traffic/ping.ts';
import { type Daemon, resipVpn, SERVER_INNER_ADDRESS, type Vpn } from './lab/vpn.ts';

const HOOKS = ['pre-up', 'post-up', 'pre-down', 'post-down', 'path-up', 'path-down'];
const shared = shareLab();
let lab: Lab;
let vpn: Vpn;
let client: Daemon;

beforeAll(() => {
  ({ lab, vpn } = shared);
});

/** A program that writes down what it is told, and whether the tunnel carries; `more` follows. */
function hook(name: string, more = ''): string {
  const file = join(lab.directory, name);
  const facts = ['HOOK', 'ROLE', 'TUN', 'ADDRESS', 'INTERFACE', 'PEER', 'REASON'];
  const fields = facts.map((fact) => `\${RESIP_${fact}:--}`).join(' ');
  writeFileSync(file, `#!/bin/sh\necho "${fields}" >> ${file}.out\n${more}\n`);
  chmodSync(file, 0o755);
  return file;
}

const told = (file: string) => {
  try {
    return readFileSync(`${file}.out`, 'utf8').trim().split('\n');
  } catch {
    return [];
  }
};
const flags = (file: string) => HOOKS.flatMap((name) => [`--${name}`, file]);
const eventWords = (name: string, ...words: string[]) =>
  resipVpn('events', ...words, '--state-dir', vpn.stateDir(name));
const parse = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as EventRecord);
const eventsOf = async (name: string) => parse(await run(eventWords(name, '--json')));
const words = (records: readonly EventRecord[]) =>
  records.map(({ event, interface: name, peer }) => [event, name, peer].filter(Boolean).join(' '));

let follower: Process;

it('programs hear of start, tunnel and paths, in order', async () => {
  const atServer = hook('at-server');
  const atClient = hook(
    'at-client',
    `case $RESIP_HOOK in *-down) ping -c 1 -W 2 ${SERVER_INNER_ADDRESS} || echo dark; esac`,
  );
  ({ client } = await vpn.startPair({ server: ['--no-nat', ...flags(atServer)], client: flags(atClient) }));
  await waitFor('post-up', () => told(atClient).some((line) => line.startsWith('post-up')));
  await waitFor('both paths', () => told(atClient).filter((line) => line.startsWith('path-up')).length === 2);
  const [first, ...rest] = told(atClient);
  expect(first).toBe('pre-up client tun0 - - - -');
  expect(rest.find((line) => line.startsWith('post-up'))).toMatch(
    /^post-up client tun0 10\.77\.\d+\.\d+ - - -$/,
  );
  expect(
    rest
      .filter((line) => line.startsWith('path-up'))
      .map((line) => line.split(' ')[4])
      .sort(),
  ).toEqual(['wlan0', 'wwan0']);
  await waitFor(
    'both paths at the server',
    () => told(atServer).filter((line) => line.startsWith('path-up')).length === 2,
  );
  expect(told(atServer)).toEqual([
    'pre-up server tun0 - - - -',
    'post-up server tun0 10.77.0.1 - - -',
    'path-up server tun0 10.77.0.1 - laptop -',
    'path-up server tun0 10.77.0.1 - laptop -',
  ]);

  follower = lab.start(lab.client.namespace, eventWords('client', '-f', '--json'));
  await lab.access('lte').unplug();
  await waitFor('path-down', () => told(atClient).some((line) => /^path-down .* wwan0 /.test(line)));
  await waitFor('the follower', () => follower.stdout.includes('path-down'));
  await lab.access('lte').plug();
});

it('a program that hangs holds up no packet', async () => {
  const slow = hook('slow', 'sleep 25');
  await client.stop();
  client = await vpn.startClient({ words: ['--path-up', slow, '--post-up', slow] });
  await waitFor('the program', () => told(slow).length > 0);
  const { lost } = await startPing(lab.client.namespace, SERVER_INNER_ADDRESS, { count: 100 }).report();
  expect(lost).toEqual([]);
  const began = performance.now();
  expect((await client.stop()).code).toBe(0);
  expect(performance.now() - began).toBeLessThan(7_000);
});

it('what happened comes back after kill -9, and a follower saw it as it came', async () => {
  client = await vpn.startClient();
  await client.stop('SIGKILL');
  // What a crash of the machine may leave.
  await run(['bash', '-c', `printf '{"at":"2026-01' >> ${vpn.stateDir('client')}/events.jsonl`]);
  client = await vpn.startClient();
  const starts = () => parse(follower.stdout).filter(({ event }) => event === 'started').length;
  await waitFor('the follower', () => starts() === 4);
  // Taken first: the file holds all of that, and maybe more.
  const followed = parse(follower.stdout);
  const records = await eventsOf('client');
  const lives = words(records).join(',').split('started').slice(1);
  expect(lives).toHaveLength(4);
  const firstLife = words(records).slice(0, words(records).indexOf('ended') + 1);
  expect(firstLife).toEqual(
    expect.arrayContaining([
      'started',
      'session-established',
      'up',
      'path-up wlan0',
      'path-up wwan0',
      'path-down wwan0',
      'ended',
    ]),
  );
  expect(firstLife[0]).toBe('started');
  // The killed one has said nothing about its end.
  expect(lives[2]).not.toContain('ended');
  expect(followed).toEqual(records.slice(0, followed.length));

  await waitFor(
    'the server',
    async () =>
      words(await eventsOf('server')).filter((line) => line === 'session-established laptop').length >= 2,
  );
  const atServer = words(await eventsOf('server'));
  expect(atServer).toEqual(
    expect.arrayContaining(['path-up laptop', 'path-down laptop', 'session-lost laptop']),
  );
  const shown = await run(eventWords('server', '--since', '1h'));
  expect(shown).toMatch(/laptop session established/);
  expect(shown).toMatch(/laptop 198\.51\.100\.\d+:\d+ up/);
});

it('the end is told while the tunnel still carries, and again when it is gone', async () => {
  const atClient = join(lab.directory, 'at-client');
  writeFileSync(`${atClient}.out`, '');
  await client.stop();
  client = await vpn.startClient({ words: flags(atClient) });
  await waitFor('post-up', () => told(atClient).some((line) => line.startsWith('post-up')));
  const { stderr } = await client.stop();
  expect(told(atClient).slice(-2)).toEqual([
    expect.stringMatching(/^pre-down client tun0 10\.77\.\S+ - - stopped$/),
    expect.stringMatching(/^post-down client tun0 10\.77\.\S+ - - stopped$/),
  ]);
  expect(stderr).toContain('1 received');
  expect(stderr.split('\n').filter((line) => line.includes('dark'))).toHaveLength(1);
});

it('a pre-up that fails stops the start; a program that others may change is refused', async () => {
  const bad = hook('bad', 'exit 9');
  client = vpn.launchClient({ words: ['--pre-up', bad] });
  expect(await client.process.ended).toMatchObject({ code: 1 });
  expect(client.process.stderr).toContain('the pre-up hook failed\n  cause: ended with 9');
  chmodSync(bad, 0o757);
  client = vpn.launchClient({ words: ['--path-up', bad] });
  expect((await client.process.ended).code).toBe(78);
  expect(client.process.stderr).toContain(`chmod go-w ${bad}`);
  const links = await attempt(lab.client.namespace.command(['ip', 'link', 'show', 'tun0']));
  expect(links.code).not.toBe(0);
});
