/** Paths that are too small for what goes through them, and do not say so. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Capture } from './lab/capture.ts';
import { explainFailures } from './lab/failures.ts';
import { Lab } from './lab/lab.ts';
import { Download } from './lab/traffic/download.ts';
import { startPing } from './lab/traffic/ping.ts';
import { type Daemon, SERVER_INNER_ADDRESS, Vpn } from './lab/vpn.ts';

/** IPv4 and ICMP headers. */
const HEADERS_BYTES = 28;
let lab: Lab;
let vpn: Vpn;
let client: Daemon;
let server: Daemon;

beforeAll(async () => {
  const settings = { delayMs: 10, mtuBytes: 1280 };
  lab = await Lab.raise({
    links: [
      { kind: 'wifi', settings },
      { kind: 'lte', settings },
    ],
  });
  vpn = new Vpn(lab);
  ({ client, server } = await vpn.startPair({ server: ['--mtu', '1500'] }));
});
afterAll(() => lab?.close());
explainFailures(() => vpn);

it('carries 1,500-byte packets whole over paths of 1,280', async () => {
  expect((await client.status()).mtuBytes).toBe(1500);
  const { tunName } = await server.status();
  const capture = await Capture.start(lab, lab.server, tunName, 'icmp');
  const report = await startPing(lab.client.namespace, SERVER_INNER_ADDRESS, {
    count: 100,
    sizeBytes: 1500 - HEADERS_BYTES,
    mayFragment: true,
  }).report();
  const sizes = new Set(capture.packets().map((packet) => packet.length));
  await capture.stop();
  const { fragmentsSent, reassembled } = await client.peer();
  const { tooLarge } = (await lab.report()).links.wifi.up;
  console.log(
    `${report.received} of 100 back, sizes on the server's tunnel [${[...sizes]}], ` +
      `${fragmentsSent} pieces sent, ${reassembled} packets put together, ${tooLarge} datagrams too large for a link`,
  );
  expect(report).toMatchObject({ received: 100, duplicates: 0, corrupt: 0 });
  expect([...sizes]).toEqual([1500]);
  expect(fragmentsSent).toBeGreaterThanOrEqual(200);
  expect(reassembled).toBeGreaterThanOrEqual(100);
});

it('does not stall TCP', async () => {
  const report = await (await Download.start(lab, lab.client.namespace, 10_000_000)).report();
  console.log(`10 MB in ${report.durationMs} ms, longest stall ${report.longestStallMs} ms`);
  expect(report).toMatchObject({ complete: true, corrupt: false });
  expect(report.longestStallMs).toBeLessThan(500);
});
