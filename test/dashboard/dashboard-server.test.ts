import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { addressFilePath, chooseToken, writeAddress } from '../../src/dashboard/address-file.ts';
import { DashboardServer } from '../../src/dashboard/dashboard-server.ts';
import { look } from '../../src/dashboard/start-dashboard.ts';
import type { Snapshot } from '../../src/engine/messages.ts';
import type { TrendsAnswer, TrendsRequest } from '../../src/trends/answer.ts';
import { freePort } from '../free-port.ts';
import { temporaryDir } from '../state/temporary-dir.ts';

const TOKEN = 'T'.repeat(32);
const assets = new Map([
  ['', { type: 'text/html', body: Buffer.from('<p>page</p>') }],
  ['main.js', { type: 'text/javascript', body: Buffer.from('draw()') }],
]);

async function serve(
  data = async (query: URLSearchParams): Promise<unknown> => ({ peer: query.get('peer') }),
) {
  const address = { host: '127.0.0.1', port: await freePort() };
  const server = await DashboardServer.listen(address, { token: TOKEN, assets, data });
  onTestFinished(() => server.close());
  return { server, address };
}

interface Answer {
  readonly status?: number;
  readonly text: string;
  readonly headers: NodeJS.Dict<string | string[]>;
}

function ask(
  port: number,
  path: string,
  { host = `127.0.0.1:${port}`, method = 'GET' } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers: { host } }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode, text, headers: response.headers }));
    });
    sent.on('error', reject).end();
  });
}

test('the page, its files and its data, below the secret word', async () => {
  const { server, address } = await serve();
  expect(server.url).toBe(`http://127.0.0.1:${address.port}/${TOKEN}/`);
  const page = await ask(address.port, `/${TOKEN}/`);
  expect(page).toMatchObject({ status: 200, text: '<p>page</p>' });
  expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
  expect(await ask(address.port, `/${TOKEN}/main.js`)).toMatchObject({ status: 200, text: 'draw()' });
  expect((await ask(address.port, `/${TOKEN}/data?peer=a%20b&from=3`)).text).toBe('{"peer":"a b"}');
  expect((await ask(address.port, `/${TOKEN}`)).headers.location).toBe(`/${TOKEN}/`);
  expect((await ask(address.port, `/${TOKEN}/`, { method: 'HEAD' })).text).toBe('');
});

test('nothing comes from elsewhere, and no other page may hold it or read it', async () => {
  const { address } = await serve();
  for (const path of ['/', `/${TOKEN}/`, `/${TOKEN}/data`]) {
    const { headers } = await ask(address.port, path);
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(headers).toMatchObject({
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
    });
    expect(headers).not.toHaveProperty('access-control-allow-origin');
  }
});

test('without the word there is nothing but a hint', async () => {
  const { address } = await serve(async () => {
    throw new Error('never asked');
  });
  const wrong = [
    `/${'T'.repeat(31)}`,
    `/${TOKEN}x/`,
    `/${TOKEN.toLowerCase()}/data`,
    `//${TOKEN}/`,
    '/data',
    '/main.js',
  ];
  for (const path of ['/', ...wrong, `/?token=${TOKEN}`, `/..%2f${TOKEN}/`]) {
    const answer = await ask(address.port, path);
    expect([path, answer.status]).toEqual([path, 403]);
    expect(answer.text).not.toContain(TOKEN);
  }
});

test('a name that points to the loopback is not the loopback', async () => {
  const { address } = await serve();
  const path = `/${TOKEN}/`;
  const at = async (host: string) => (await ask(address.port, path, { host })).status;
  for (const host of ['localhost', 'localhost:8080', '127.0.0.1', '127.1.2.3:80', '[::1]:9461']) {
    expect([host, await at(host)]).toEqual([host, 200]);
  }
  for (const host of [
    'evil.example',
    `evil.example:${address.port}`,
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '192.168.1.5',
  ]) {
    expect([host, await at(host)]).toEqual([host, 421]);
  }
});

test('the page is told what it asks for, from the sample that it has not', async () => {
  const asked: unknown[] = [];
  const source = {
    status: async (only?: readonly string[]) => void asked.push(only) as unknown as Snapshot,
    trends: (request: TrendsRequest) => void asked.push(request) as unknown as TrendsAnswer,
  };
  for (const query of ['', 'from=120&peer=laptop', 'from=-1', 'from=1e9'])
    await look(new URLSearchParams(query), source);
  expect(asked).toEqual([
    [],
    { from: 0 },
    ['laptop'],
    { from: 120, peer: 'laptop' },
    [],
    { from: 0 },
    [],
    { from: 0 },
  ]);
});

test('what is no look, what is not there, and an engine that does not answer', async () => {
  const { address } = await serve(async () => {
    throw new Error('the engine does not answer');
  });
  expect((await ask(address.port, `/${TOKEN}/data`, { method: 'POST' })).status).toBe(405);
  expect((await ask(address.port, `/${TOKEN}/constructor`)).status).toBe(404);
  expect(await ask(address.port, `/${TOKEN}/data`)).toMatchObject({
    status: 503,
    text: 'the engine does not answer\n',
  });
});

test('a taken port is a named error', async () => {
  const { address } = await serve();
  const second = DashboardServer.listen(address, { token: TOKEN, assets, data: async () => null });
  await expect(second).rejects.toThrow('choose another --dashboard');
});

test('the word lasts as long as nobody else could read it', async () => {
  const stateDir = temporaryDir();
  const token = chooseToken(stateDir);
  expect(token).toMatch(/^[A-Za-z0-9_-]{32}$/);
  await writeAddress(stateDir, `http://127.0.0.1:9461/${token}/`);
  expect(statSync(addressFilePath(stateDir)).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(stateDir, 'dashboard-url'), 'utf8')).toContain(token);
  expect(chooseToken(stateDir)).toBe(token);
  chmodSync(addressFilePath(stateDir), 0o644);
  expect(chooseToken(stateDir)).not.toBe(token);
  chmodSync(addressFilePath(stateDir), 0o600);
  writeFileSync(addressFilePath(stateDir), 'http://127.0.0.1:9461/short/');
  expect(chooseToken(stateDir)).toMatch(/^[A-Za-z0-9_-]{32}$/);
});
