/** The emulator alone, on real devices: what it was told happens, and nothing else. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Lab } from './lab.ts';
import { PLAIN_LINK } from './link-settings.ts';
import { SERVER_ADDRESS } from './plan.ts';
import { IPERF_PORT } from './ports.ts';
import { run, waitFor } from './process.ts';
import { runFlow } from './traffic/flow.ts';
import { startPing } from './traffic/ping.ts';

let lab: Lab;

beforeAll(async () => {
  lab = await Lab.raise({ links: [{ kind: 'wifi' }, { kind: 'lte', settings: { delayMs: 30 } }] });
  console.log(`seed ${lab.seed}`);
});
afterAll(() => lab?.close());
afterEach(() => lab.set('wifi', PLAIN_LINK));

const ping = (count: number, options = {}) =>
  startPing(lab.client.namespace, SERVER_ADDRESS, { count, ...options }).report();
const flow = (count: number, perSecond: number) =>
  runFlow(lab, {
    from: lab.client.namespace,
    to: lab.server,
    address: SERVER_ADDRESS,
    count,
    perSecond,
    sizeBytes: 600,
  });

describe('the emulator', () => {
  it('delays each direction on its own', async () => {
    await lab.set('wifi', { delayMs: 20 }, ['up']);
    await lab.set('wifi', { delayMs: 5 }, ['down']);
    const wifi = await ping(50);
    const lte = await ping(50, { source: 'wwan0' });
    console.log(`round trips: wifi ${wifi.medianRttMs} ms of 25, lte ${lte.medianRttMs} ms of 60`);
    expect(wifi.lost).toEqual([]);
    expect(wifi.medianRttMs).toBeGreaterThanOrEqual(24);
    expect(wifi.medianRttMs).toBeLessThan(35);
    expect(lte.medianRttMs).toBeGreaterThanOrEqual(59);
    expect(lte.medianRttMs).toBeLessThan(70);
  });

  it('loses what it says it lost, and nothing else', async () => {
    await lab.set('wifi', { loss: 0.3, delayMs: 2 }, ['up']);
    await lab.set('wifi', { loss: 0.1 }, ['down']);
    const before = (await lab.report()).links.wifi;
    const { sent, there, back, lossThere, lossBack } = await flow(4000, 2000);
    const { links, refused } = await lab.report();
    console.log(`lost there ${lossThere.toFixed(3)} of 0.3, back ${lossBack.toFixed(3)} of 0.1`);
    // A question for a neighbour may be among the lost.
    const neighbours = 5;
    const strayThere = links.wifi.up.lost - before.up.lost - (sent - there.received);
    const strayBack = links.wifi.down.lost - before.down.lost - (there.received - back.received);
    expect(Math.min(strayThere, strayBack)).toBeGreaterThanOrEqual(0);
    expect(Math.max(strayThere, strayBack)).toBeLessThanOrEqual(neighbours);
    expect(Math.abs(lossThere - 0.3)).toBeLessThan(0.03);
    expect(Math.abs(lossBack - 0.1)).toBeLessThan(0.025);
    expect(there).toMatchObject({ duplicates: 0, corrupt: 0, late: 0 });
    expect(refused).toBe(0);
  });

  it('doubles and reorders', async () => {
    await lab.set('wifi', { duplicate: 0.2, reorder: 0.1 }, ['up']);
    const { there, back } = await flow(2000, 2000);
    console.log(`of 2000: ${there.duplicates} came twice, ${there.late} late`);
    expect(there.received).toBe(2000);
    expect(Math.abs(there.duplicates - 400)).toBeLessThan(80);
    expect(Math.abs(there.late - 200)).toBeLessThan(60);
    // The copies were echoed, and come back as copies.
    expect(back).toMatchObject({ received: 2000, duplicates: there.duplicates, corrupt: 0 });
  });

  it('keeps its rate', async () => {
    await lab.set('wifi', { rateBitsPerSecond: 10e6, queueBytes: 65_536 }, ['up']);
    const server = lab.start(lab.server, ['iperf3', '-s', '-1', '-p', String(IPERF_PORT), '--forceflush']);
    await waitFor('iperf3', () => server.stdout.includes('listening'));
    const words = ['iperf3', '-c', SERVER_ADDRESS, '-u', '-b', '20M', '-l', '1200', '-t', '2', '-J'];
    const report = JSON.parse(await run(lab.client.namespace.command(words)));
    const { bits_per_second: offered, lost_percent: lost } = report.end.sum;
    const carried = (offered * (100 - lost)) / 100;
    console.log(`carried ${(carried / 1e6).toFixed(1)} Mbit/s of 10`);
    expect(carried).toBeGreaterThan(8.5e6);
    expect(carried).toBeLessThan(10.5e6);
    expect((await lab.report()).links.wifi.up.queueDropped).toBeGreaterThan(0);
  });

  it('is silent as a black hole, and lets nothing large through a small MTU', async () => {
    await lab.cut('wifi');
    expect((await ping(10)).received).toBe(0);
    await lab.restore('wifi');
    await lab.set('wifi', { mtuBytes: 1200 });
    expect((await ping(3, { sizeBytes: 1172 })).received).toBe(3);
    expect((await ping(3, { sizeBytes: 1173 })).received).toBe(0);
  });

  it('refuses what it does not know', async () => {
    await expect(lab.set('carrier-pigeon', { loss: 1 })).rejects.toThrow(/there is no link carrier-pigeon/);
  });
});
