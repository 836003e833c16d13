/** Forwards of each kind, there and back: datagrams, ports of the server for a sensor behind two NATs, rules and reload. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Lab } from './lab/lab.ts';
import type { Namespace } from './lab/namespace.ts';
import { SERVER_ADDRESS, WEB_ADDRESS } from './lab/plan.ts';
import { attempt, waitFor } from './lab/process.ts';
import { shareLab } from './lab/shared-lab.ts';
import { Terminal } from './lab/traffic/terminal.ts';
import { type Daemon, resipVpn, SERVER_INNER_ADDRESS, type Vpn } from './lab/vpn.ts';

const NAME_SERVER = fileURLToPath(new URL('./lab/name-server.ts', import.meta.url));
const WEB = fileURLToPath(new URL('./lab/web.ts', import.meta.url));
/** Asks 127.0.0.1, port in argv, for the address of a name, as often as argv says. */
const ASK = `const { Resolver } = require('dns').promises;
const resolver = new Resolver({ timeout: 2000, tries: Number(process.argv[3]) });
resolver.setServers(['127.0.0.1:' + process.argv[1]]);
resolver.resolve4(process.argv[2]).then((found) => console.log(found.join()), (error) => { console.log(error.code); process.exit(1); });`;
const FORWARDS = [
  ...['-L', `5353/udp:${WEB_ADDRESS}:53`, '-L', `5354/udp:${WEB_ADDRESS}:54`],
  ...['-R', '8000:127.0.0.1:80', '-R', '*:8001:127.0.0.1:80', '-R', '10.77.0.1:8002:localhost:80'],
  ...['-R', '7/udp:127.0.0.1:7', '-R', '8003:127.0.0.1:81', '-R', '9999:127.0.0.1:80'],
];
/** What curl says of a connection that is reset: when it asks, before it could, or before it has looked. */
const CUT_OFF = [56, 55, 7];
const RULES = ['7', '8000-8009', '*:8001'];

const shared = shareLab([{ kind: 'dsl', settings: { delayMs: 5 } }]);
let lab: Lab;
let vpn: Vpn;
let home: Namespace;
let client: Daemon;
let server: Daemon;
let serverConfig: string;

const curl = (namespace: Namespace, ...words: string[]) =>
  attempt(namespace.command(['curl', '-sSg', '-m', '20', ...words]));
const forward = (...words: string[]) =>
  attempt(resipVpn('forward', ...words, '--state-dir', client.stateDir));
const list = async () =>
  JSON.parse((await forward('list', '--json')).stdout) as { id: string; state: string }[];
const untilState = (spec: string, state: string) =>
  waitFor(`-R ${spec} to be ${state}`, async () =>
    (await list()).some((each) => each.id === `-R ${spec}` && each.state === state),
  );
const configureServer = (rules: Record<string, readonly string[]>) =>
  writeFile(
    serverConfig,
    Object.entries(rules)
      .map(([key, values]) => `${key} = ${JSON.stringify(values)}\n`)
      .join(''),
  );

beforeAll(async () => {
  ({ lab, vpn } = shared);
  // Home: the first client's place is the router of a network that has one more NAT in front of it.
  home = await lab.addHostBehind('home');
  await lab.client.namespace.run([
    'iptables',
    '-t',
    'nat',
    '-A',
    'POSTROUTING',
    '-o',
    'eth0',
    '-j',
    'MASQUERADE',
  ]);
  const [names, sensor] = [
    lab.start(lab.web, ['node', '--import', 'tsx', NAME_SERVER], { stdin: true }),
    lab.start(home, ['node', '--import', 'tsx', WEB], { stdin: true }),
  ];
  names.child.stdin?.write(`${JSON.stringify({ 'vpn.test': '203.0.113.99' })}\n`);
  await waitFor('name server and sensor', () =>
    [names, sensor].every(({ stdout }) => stdout.includes('ready')),
  );

  serverConfig = join(lab.directory, 'server.toml');
  await configureServer({ 'allow-listen': RULES });
  server = await vpn.startServer(['--config', serverConfig]);
  client = await vpn.startClient({
    site: { namespace: home, links: [] },
    interfaces: ['eth0'],
    invite: await vpn.invite('sensor'),
    words: [...FORWARDS, '--route', 'none'],
  });
});
afterEach(() => lab.restore('dsl'));

describe('datagrams', () => {
  const ask = (port: number, name: string, tries = 5) =>
    attempt(home.command([process.execPath, '-e', ASK, String(port), name, String(tries)]));

  it('a name is asked of a server beyond the server', async () => {
    expect((await ask(5353, 'vpn.test')).stdout).toBe('203.0.113.99\n');
    expect((await ask(5353, 'nobody.test')).stdout).toBe('ENOTFOUND\n');
    const { streams } = await client.peer();
    expect(streams.some(({ target }) => target === `${WEB_ADDRESS}:53`)).toBe(true);
  });

  it('a question asked in an outage is answered after it', async () => {
    await lab.cut('dsl');
    await client.until('no path', ({ peers }) => peers[0].paths.every(({ state }) => state !== 'up'));
    const asked = ask(5353, 'vpn.test');
    await client.until('the question to wait', ({ peers }) =>
      peers[0].streams.some(({ waitingBytes }) => waitingBytes > 0),
    );
    await lab.restore('dsl');
    expect((await asked).stdout).toBe('203.0.113.99\n');
  });

  it('a port that nobody listens on is refused, and the next datagram begins another flow', async () => {
    for (let i = 0; i < 2; i++)
      expect(await ask(5354, 'vpn.test', 1)).toMatchObject({ code: 1, stdout: 'ECONNREFUSED\n' });
    await client.until('the log to say so', () =>
      client.process.stderr.includes(`target=${WEB_ADDRESS}:54/udp`),
    );
  });
});

describe('ports of the server', () => {
  it('lead to a sensor behind two NATs, TCP and UDP', async () => {
    for (const spec of ['8000:127.0.0.1:80', '*:8001:127.0.0.1:80', '10.77.0.1:8002:localhost:80'])
      await untilState(spec, 'listening');
    expect((await curl(lab.server, 'http://127.0.0.1:8000/')).stdout).toBe('127.0.0.1\n');
    expect((await curl(lab.web, `http://${SERVER_ADDRESS}:8001/`)).stdout).toBe('127.0.0.1\n');
    expect((await curl(lab.server, `http://${SERVER_INNER_ADDRESS}:8002/`)).stdout).toBe('127.0.0.1\n');
    // On the loopback: nobody else reaches it.
    expect((await curl(lab.web, `http://${SERVER_ADDRESS}:8000/`)).code).toBe(7);
    const echo = `const socket = require('dgram').createSocket('udp4');
socket.on('message', (m) => { console.log(String(m)); socket.close(); }).send('hello', 7, '127.0.0.1');
setTimeout(() => process.exit(1), 5000).unref();`;
    expect((await attempt(lab.server.command([process.execPath, '-e', echo]))).stdout).toBe('hello\n');
  });

  it('are cut off when the target refuses', async () => {
    await untilState('8003:127.0.0.1:81', 'listening');
    expect(CUT_OFF).toContain((await curl(lab.server, 'http://127.0.0.1:8003/')).code);
  });

  it('are refused where the owner of the server did not allow them, and both ends say so', async () => {
    await untilState('9999:127.0.0.1:80', 'refused');
    expect((await forward('list')).stdout).toContain('-R 9999:127.0.0.1:80: the server does not allow it');
    await waitFor('both to say so', () =>
      [
        client.process.stderr.includes('forward-refused'),
        server.process.stderr.includes('stream-refused name=sensor target="listen at 127.0.0.1:9999"'),
      ].every(Boolean),
    );
    const { stdout, code } = await forward('add', '-R', '*:8005:127.0.0.1:80');
    expect({ stdout, code }).toEqual({ stdout: expect.stringContaining('does not allow'), code: 0 });
    expect((await forward('remove', '-R', '*:8005:127.0.0.1:80')).code).toBe(0);
  });

  it('come and go while the client runs', async () => {
    const spec = '8006:127.0.0.1:80';
    expect((await forward('add', '-R', spec)).stdout).toBe('');
    expect((await curl(lab.server, 'http://127.0.0.1:8006/')).code).toBe(0);
    const { stdout } = await forward('add', '-R', '8006:127.0.0.1:81');
    expect(stdout).toContain('in use at the server');
    const unclear = await forward('remove', '-R', '8006');
    expect([unclear.code, unclear.stderr]).toEqual([
      1,
      expect.stringContaining('name one of -R 8006:127.0.0.1:80, -R 8006:127.0.0.1:81'),
    ]);
    expect((await forward('remove', '-R', '8006:127.0.0.1:81')).code).toBe(0);
    expect((await forward('remove', '8006')).stderr).toContain('did you mean -R 8006:127.0.0.1:80?');
    expect((await forward('remove', '-R', '8006')).code).toBe(0);
    await waitFor(
      'the port to be closed',
      async () => (await curl(lab.server, 'http://127.0.0.1:8006/')).code === 7,
    );
  });
});

describe('a server that is started anew', () => {
  it('listens again; a connection that was open is reset, as by any host that is started anew', async () => {
    expect((await forward('add', `2200:${WEB_ADDRESS}:22`)).code).toBe(0);
    const session = await Terminal.start(lab, home, '127.0.0.1', 2200);
    await waitFor('answers', async () => (await session.lap()).answered > 2);
    await server.stop('SIGKILL');
    server = await vpn.startServer(['--config', serverConfig]);
    await waitFor(
      'the sensor',
      async () => (await curl(lab.server, '-m', '2', 'http://127.0.0.1:8000/')).code === 0,
      30_000,
    );
    expect(await session.stop()).toMatchObject({ wrong: 0, ended: 'ECONNRESET' });
  });

  it('puts new rules into force with SIGHUP: ports are given up, targets forbidden', async () => {
    const web = `9090:${WEB_ADDRESS}:80`;
    expect((await forward('add', web)).code).toBe(0);
    expect((await curl(home, 'http://127.0.0.1:9090/')).code).toBe(0);
    await configureServer({ 'allow-listen': ['sensor@8000'], 'deny-target': [`sensor@${WEB_ADDRESS}:80`] });
    server.process.child.kill('SIGHUP');
    await untilState('*:8001:127.0.0.1:80', 'refused');
    expect((await curl(lab.web, `http://${SERVER_ADDRESS}:8001/`)).code).toBe(7);
    expect((await curl(lab.server, 'http://127.0.0.1:8000/')).code).toBe(0);
    // Or nothing came.
    expect([52, ...CUT_OFF]).toContain((await curl(home, 'http://127.0.0.1:9090/')).code);
    await waitFor('the log to say so', () =>
      server.process.stderr.includes(`target=${WEB_ADDRESS}:80 reason="not allowed at the server"`),
    );
  });
});
