/**
 * A thousand connections at once through one client, opened, used, half-closed and closed, round after round. In CI for some
 * seconds; for two minutes: `CROWD_S=120 npx vitest run --project netns test/netns/thousand-streams.test.ts`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { explainFailures } from './lab/failures.ts';
import { Lab } from './lab/lab.ts';
import { WEB_ADDRESS } from './lab/plan.ts';
import { TERMINAL_PORT } from './lab/ports.ts';
import { waitFor } from './lab/process.ts';
import type { CrowdReport } from './lab/traffic/crowd.ts';
import { type Daemon, Vpn } from './lab/vpn.ts';

const CROWD_S = Number(process.env.CROWD_S ?? 4);
/** As many as an association has channels for, all but a few. */
const AT_ONCE = 1_000;
const LOCAL_PORT = 2222;
/** What a round may leave behind: V8 gives back when it likes. */
const GROWTH_BYTES = 48e6;
/** What a daemon opens for itself in between: whoever asks for its status, for one. */
const OWN_DESCRIPTORS = 8;
const CROWD = fileURLToPath(new URL('./lab/traffic/crowd.ts', import.meta.url));

let lab: Lab;
let vpn: Vpn;
let daemons: Daemon[];

beforeAll(async () => {
  lab = await Lab.raise({ links: [{ kind: 'wifi', settings: { delayMs: 5 } }] });
  // Hundreds a second to one address and port: the kernel keeps each port for a minute after its connection.
  await lab.server.sysctl({ 'net.ipv4.tcp_tw_reuse': '1' });
  vpn = new Vpn(lab);
  const { client, server } = await vpn.startPair({
    server: ['--no-nat'],
    client: ['-L', `${LOCAL_PORT}:${WEB_ADDRESS}:${TERMINAL_PORT}`, '--route', 'none'],
  });
  daemons = [client, server];
});
afterAll(() => lab?.close());
explainFailures(() => vpn);

async function crowd(seconds: number): Promise<CrowdReport> {
  const words = ['node', '--import', 'tsx', CROWD, '127.0.0.1', `${LOCAL_PORT}`, `${AT_ONCE}`, `${seconds}`];
  const { stdout, stderr } = await lab.start(lab.client.namespace, words).ended;
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as CrowdReport;
}

async function quiet(): Promise<void> {
  for (const daemon of daemons)
    await daemon.until('no stream to be left', ({ peers }) => peers[0].streams.length === 0);
}

function descriptors(daemon: Daemon): number {
  return readdirSync(`/proc/${daemon.process.child.pid}/fd`).length;
}

function residentBytes(daemon: Daemon): number {
  const status = readFileSync(`/proc/${daemon.process.child.pid}/status`, 'utf8');
  return 1_024 * Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
}

it(
  'a thousand at once leave neither descriptors nor memory behind',
  async () => {
    const before = daemons.map(descriptors);
    // What the first round needs stays.
    await crowd(0.001);
    await quiet();
    const bytes = daemons.map(residentBytes);
    const report = await crowd(CROWD_S);
    await quiet();
    const after = daemons.map(residentBytes);
    const megabytes = (each: number[]) => each.map((one) => Math.round(one / 1e6)).join(' and ');
    console.log(
      `${report.done} streams in ${CROWD_S} s, ${megabytes(bytes)} MB before, ${megabytes(after)} after`,
    );
    expect(report.failures).toEqual([]);
    expect(report.mostOpen).toBe(AT_ONCE);
    for (const [i, daemon] of daemons.entries()) {
      // A stream is over before the kernel has closed its socket.
      await waitFor('descriptors to be closed', () => descriptors(daemon) - before[i] < OWN_DESCRIPTORS);
      expect(after[i] - bytes[i]).toBeLessThan(GROWTH_BYTES);
    }
  },
  (CROWD_S + 90) * 1_000,
);
