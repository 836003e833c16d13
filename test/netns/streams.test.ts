/**
 * Port forwards under users' programs: curl, and somebody who types. In CI the outages are short; for the real thing:
 * `STREAM_FLAP_S=120 STREAM_OUTAGE_S=600 npx vitest run --project netns test/netns/streams.test.ts`.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterEach, beforeAll, expect, it } from 'vitest';
import type { Lab } from './lab/lab.ts';
import { numberedBytes } from './lab/numbered-bytes.ts';
import { SERVER_ADDRESS, WEB_ADDRESS } from './lab/plan.ts';
import { attempt, pause, waitFor } from './lab/process.ts';
import { seededRandom } from './lab/random.ts';
import { shareLab } from './lab/shared-lab.ts';
import { Terminal } from './lab/traffic/terminal.ts';
import { type Daemon, resipVpn } from './lab/vpn.ts';

const MBIT = 1e6;
const FLAP_S = Number(process.env.STREAM_FLAP_S ?? 12);
const OUTAGE_S = Number(process.env.STREAM_OUTAGE_S ?? 6);
const IS_LONG = FLAP_S > 60;
const FILE_BYTES = IS_LONG ? 200_000_000 : 12_000_000;
/** As long as curl is given, and for setting up. */
const FLAP_TIMEOUT_MS = 120_000 + 10_000 * FLAP_S;
/** So that the file takes as long as the links flap, and each of them can carry it alone. */
const LINK_RATE = (IS_LONG ? 18 : 40) * MBIT;
const FORWARDS = [
  '-L',
  `8080:${WEB_ADDRESS}:80`,
  '-L',
  `2222:${WEB_ADDRESS}:22`,
  '-L',
  `8081:${WEB_ADDRESS}:81`,
  '-L',
  '8082:nobody.invalid:80',
  '-L',
  '8083:127.0.0.1:80',
];

const shared = shareLab([
  { kind: 'wifi', settings: { rateBitsPerSecond: LINK_RATE, delayMs: 10 } },
  { kind: 'lte', settings: { rateBitsPerSecond: LINK_RATE, delayMs: 30 } },
]);
let lab: Lab;
let client: Daemon;
let server: Daemon;

beforeAll(async () => {
  lab = shared.lab;
  ({ client, server } = await shared.vpn.startPair({
    server: ['--no-nat'],
    client: [...FORWARDS, '--route', 'none'],
  }));
});
afterEach(() => Promise.all([lab.restore('wifi'), lab.restore('lte')]));

/** curl in the client's namespace. */
function curl(...words: readonly string[]) {
  return attempt(lab.client.namespace.command(['curl', '-sS', ...words]));
}

function sha256(bytes: Iterable<Uint8Array>): string {
  const hash = createHash('sha256');
  for (const chunk of bytes) hash.update(chunk);
  return hash.digest('hex');
}

it('a file arrives whole while both links flap, sometimes both at once', {
  timeout: FLAP_TIMEOUT_MS,
}, async () => {
  const path = `${lab.directory}/file`;
  const done = curl(
    '--max-time',
    String(10 * FLAP_S),
    '-o',
    path,
    `http://127.0.0.1:8080/bytes/${FILE_BYTES}`,
  );
  let isDone = false;
  void done.finally(() => {
    isDone = true;
  });
  const random = seededRandom(lab.seed);
  const startMs = performance.now();
  let downMs = 0;
  /** Down half of the time, for 0.1 to 1.9 s each; so in a quarter of it both are. */
  const flap = async (link: string) => {
    for (let turn = 0; !isDone && (IS_LONG || performance.now() - startMs < 1_000 * FLAP_S); turn++) {
      const lengthMs = 100 + 1_800 * random();
      await (turn & 1 ? lab.restore(link) : lab.cut(link));
      if (!(turn & 1)) downMs += lengthMs;
      await pause(lengthMs);
    }
  };
  await Promise.all([flap('wifi'), flap('lte')]);
  const seconds = (performance.now() - startMs) / 1_000;
  console.log(
    `flapped for ${seconds.toFixed(0)} s, each link down for ${(downMs / 20 / seconds).toFixed(0)} % of it`,
  );
  await Promise.all([lab.restore('wifi'), lab.restore('lte')]);
  const { code, stderr } = await done;
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(sha256([readFileSync(path)])).toBe(sha256(numberedBytes(FILE_BYTES)));
});

it('a session goes on by itself after an outage, and nothing grows in it', {
  timeout: 120_000 + 1_000 * OUTAGE_S,
}, async () => {
  const terminal = await Terminal.start(lab, lab.client.namespace, '127.0.0.1', 2222);
  await waitFor('answers', async () => (await terminal.lap()).answered > 10);
  await Promise.all([lab.cut('wifi'), lab.cut('lte')]);
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const before = [client.residentBytes, server.residentBytes];
  const { streams } = await client.peer();
  expect(streams[0]).toMatchObject({ target: `${WEB_ADDRESS}:22`, state: 'open' });
  await new Promise((resolve) => setTimeout(resolve, 1_000 * OUTAGE_S));
  const after = [client.residentBytes, server.residentBytes];
  const stalled = (await client.peer()).streams[0];
  expect(stalled.stalledMs).toBeGreaterThan(500 * OUTAGE_S);
  expect(stalled.stalledBy).toBe('no-path');
  const restoredAtMs = Date.now();
  await Promise.all([lab.restore('wifi'), lab.restore('lte')]);
  const resumedMs = await waitFor(
    'the session to go on',
    async () => Math.max(0, (await terminal.lap()).resumedAtMs - restoredAtMs) || undefined,
    5_000,
  );
  // Two round trips of 20 ms and 100 ms are promised; how well a busy machine keeps time is not ours.
  console.log(`went on ${resumedMs} ms after the links did`);
  expect(resumedMs).toBeLessThan(2_000);
  await waitFor('all that was typed to be answered', async () => {
    const report = await terminal.lap();
    return report.typed - report.answered <= 2;
  });
  const report = await terminal.stop();
  expect(report).toMatchObject({ wrong: 0, ended: null });
  for (const [i, bytes] of after.entries()) expect(bytes - before[i]).toBeLessThan(16e6);
});

it('what cannot be reached looks as it would without the tunnel', async () => {
  // 52: nothing came; 56: cut off; 55, 7: before it could ask. curl's words for a connection that is taken and dropped at once.
  for (const port of [8081, 8082, 8083]) {
    const { code } = await curl('--max-time', '20', `http://127.0.0.1:${port}/`);
    expect([52, 56, 55, 7], `port ${port}`).toContain(code);
  }
  await client.until('no stream to be left', ({ peers }) => peers[0].streams.length === 0);
  await server.until('no stream to be left', ({ peers }) => peers[0].streams.length === 0);
});

it('forwards come and go while the client runs', async () => {
  const forward = (...words: readonly string[]) =>
    attempt(resipVpn('forward', ...words, '--state-dir', client.stateDir));
  const spec = `9090:${WEB_ADDRESS}:80`;
  expect((await forward('add', spec)).code).toBe(0);
  expect((await curl('http://127.0.0.1:9090/')).stdout).toBe(`${SERVER_ADDRESS}\n`);
  expect((await forward('list')).stdout).toContain(spec);
  const taken = await forward('add', `9090:${WEB_ADDRESS}:81`);
  expect(taken.code).toBe(1);
  expect(taken.stderr).toContain('EADDRINUSE');
  expect((await forward('remove', spec)).code).toBe(0);
  expect((await curl('http://127.0.0.1:9090/')).code).toBe(7);
});
