import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { type RequestOptions, request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { MetricsAddress } from '../../src/config/units.ts';
import type { PathSnapshot, PeerSnapshot, Snapshot } from '../../src/engine/messages.ts';
import { MetricsServer } from '../../src/metrics/metrics-server.ts';
import { MAX_LABELLED_PEERS, renderMetrics } from '../../src/metrics/render.ts';
import { freePort } from '../free-port.ts';
import * as usual from '../snapshots.ts';
import { temporaryDir } from '../state/temporary-dir.ts';
import { lintMetrics } from './lint.ts';

const PATH: PathSnapshot = {
  ...usual.path,
  remote: '203.0.113.10:4600',
  rttMs: 21.5,
  lossOut: 0.25,
  lossIn: null,
};
const PEER: PeerSnapshot = {
  ...usual.peer,
  paths: [PATH, { ...PATH, path: 1, remote: '[2001:db8::1]:4600', state: 'down', rttMs: null }],
};
const SNAPSHOT: Snapshot = {
  ...usual.snapshot,
  uptimeMs: 61_500,
  peers: [PEER],
  rejects: { forged: 2, 'too-old': 0 },
  drops: { 'no-destination': 1 },
};

test('names, units, kinds and help are as Prometheus wants them', async () => {
  expect(lintMetrics(await renderMetrics(SNAPSHOT, '0.1.0'))).toEqual([]);
  expect(lintMetrics(await renderMetrics({ ...SNAPSHOT, peers: [] }, '0.1.0'))).toEqual([]);
});

test('the lint sees what is wrong', () => {
  const text = '# HELP a_ms x\n# TYPE a_ms counter\na_ms{job="1"} -1\na_ms{job="1"} -1\nb 1\n';
  expect(lintMetrics(text).length).toBeGreaterThan(6);
});

test('values are in base units, and what is not known is left out', async () => {
  const lines = (await renderMetrics(SNAPSHOT, '0.1.0')).split('\n');
  expect(lines).toContain('resip_uptime_seconds 61.5');
  expect(lines).toContain('resip_path_rtt_seconds{peer="server",path="wlan0"} 0.0215');
  expect(lines).toContain('resip_path_up{peer="server",path="wlan0/IPv6"} 0');
  expect(lines).toContain('resip_path_sent_loss_ratio{peer="server",path="wlan0"} 0.25');
  expect(lines).toContain('resip_rejected_datagrams_total{reason="forged"} 2');
  expect(lines.some((line) => line.startsWith('resip_path_received_loss_ratio{'))).toBe(false);
  expect(
    lines.some((line) => line.startsWith('resip_path_rtt_seconds{peer="server",path="wlan0/IPv6"')),
  ).toBe(false);
});

test('a server with many clients has labels for some of them, without their addresses', async () => {
  const peers = Array.from({ length: MAX_LABELLED_PEERS + 50 }, (_, i) => ({
    ...PEER,
    name: `client-${String(i).padStart(4, '0')}`,
    paths: [{ ...PATH, interfaceName: undefined }],
  }));
  const text = await renderMetrics({ ...SNAPSHOT, role: 'server', peers }, '0.1.0');
  expect(lintMetrics(text)).toEqual([]);
  expect(text).toContain(`resip_peers ${peers.length}\n`);
  expect(text.match(/^resip_peer_connected\{/gm)).toHaveLength(MAX_LABELLED_PEERS);
  expect(text).not.toContain('203.0.113.10');
});

async function serve(address: MetricsAddress, render = async () => 'a 1\n'): Promise<MetricsServer> {
  const server = await MetricsServer.listen(address, render);
  onTestFinished(() => server.close());
  return server;
}

function ask(socketPath: string, path: string, method = 'GET'): Promise<{ status?: number; text: string }> {
  return answerTo({ socketPath, path, method });
}

function answerTo(options: RequestOptions): Promise<{ status?: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode, text }));
    });
    sent.on('error', reject).end();
  });
}

test('a scrape over the socket, and what is no scrape', async () => {
  const path = join(temporaryDir(), 'metrics.sock');
  await serve({ kind: 'unix', path });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(await ask(path, '/metrics')).toEqual({ status: 200, text: 'a 1\n' });
  expect((await ask(path, '/')).status).toBe(404);
  expect((await ask(path, '/metrics', 'POST')).status).toBe(405);
});

test('on a port it answers to the names of the loopback, and not to one that a stranger leads here', async () => {
  const host = '127.0.0.1';
  const port = await freePort();
  await serve({ kind: 'tcp', host, port });
  const statusFor = async (name: string) =>
    (await answerTo({ host, port, path: '/metrics', headers: { host: name } })).status;
  for (const name of [`${host}:${port}`, `localhost:${port}`, 'localhost', '[::1]:9460', '127.0.0.2'])
    expect([name, await statusFor(name)]).toEqual([name, 200]);
  for (const name of ['rebound.example', `rebound.example:${port}`, 'localhost.example', '10.0.0.1']) {
    expect([name, await statusFor(name)]).toEqual([name, 421]);
  }
});

test('an engine that does not answer is a failed scrape, and a taken port a named error', async () => {
  const path = join(temporaryDir(), 'metrics.sock');
  await serve({ kind: 'unix', path }, async () => {
    throw new Error('the engine does not answer');
  });
  expect(await ask(path, '/metrics')).toEqual({ status: 503, text: 'the engine does not answer\n' });
  await expect(serve({ kind: 'unix', path: '/proc/no/such' })).rejects.toThrow('choose another --metrics');
});

test('what a dead process left at the path goes; a file, and a socket that somebody listens on, stay', async () => {
  const directory = temporaryDir();
  const path = (name: string) => join(directory, name);
  const listen = (name: string) => createServer().listen(path(name));
  const living = listen('living');
  onTestFinished(() => void living.close());
  await new Promise((resolve) => living.once('listening', resolve));
  writeFileSync(path('file'), 'precious');
  for (const name of ['living', 'file'])
    await expect(serve({ kind: 'unix', path: path(name) })).rejects.toThrow('choose another --metrics');
  expect(readFileSync(path('file'), 'utf8')).toBe('precious');
  expect(existsSync(path('living'))).toBe(true);
  spawnSync(process.execPath, [
    '-e',
    `require('net').createServer().listen(${JSON.stringify(path('dead'))}, () => process.kill(process.pid, 'SIGKILL'))`,
  ]);
  expect(existsSync(path('dead'))).toBe(true);
  await serve({ kind: 'unix', path: path('dead') });
});
