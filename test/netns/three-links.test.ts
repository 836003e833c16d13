/** Three links, of which one doubles and shuffles what it carries. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { explainFailures } from './lab/failures.ts';
import { Lab } from './lab/lab.ts';
import { Download } from './lab/traffic/download.ts';
import { runFlow } from './lab/traffic/flow.ts';
import { type Daemon, SERVER_INNER_ADDRESS, Vpn } from './lab/vpn.ts';

let lab: Lab;
let vpn: Vpn;
let client: Daemon;

beforeAll(async () => {
  lab = await Lab.raise({
    links: [
      { kind: 'wifi', settings: { delayMs: 10 } },
      { kind: 'lte', settings: { delayMs: 25, jitterMs: 5 } },
      { kind: 'usb', settings: { delayMs: 3, jitterMs: 3, duplicate: 0.3, reorder: 0.3, reorderMs: 15 } },
    ],
  });
  console.log(`seed ${lab.seed}`);
  vpn = new Vpn(lab);
  ({ client } = await vpn.startPair());
});
afterAll(() => lab?.close());
explainFailures(() => vpn);

it('delivers every packet once and whole, both ways', async () => {
  const { sent, there, back } = await runFlow(lab, {
    from: lab.client.namespace,
    to: lab.server,
    address: SERVER_INNER_ADDRESS,
    count: 4000,
    perSecond: 1000,
    sizeBytes: 900,
  });
  console.log(`there ${JSON.stringify(there)}, back ${JSON.stringify(back)}`);
  for (const tally of [there, back])
    expect(tally).toMatchObject({ received: sent, duplicates: 0, corrupt: 0 });
  // One link doubles nearly a third by itself; of copies a busy machine, whose answers are late, sends fewer.
  const { duplicatesDropped } = await client.peer();
  expect(duplicatesDropped).toBeGreaterThan(sent / 5);
});

it('carries a download byte for byte', async () => {
  const report = await (await Download.start(lab, lab.client.namespace, 8_000_000)).report();
  console.log(
    `${report.bytes} bytes in ${report.durationMs} ms, longest stall ${report.longestStallMs} ms, ` +
      `${(await lab.report()).links.usb.down.duplicated} copies made by the usb link`,
  );
  expect(report).toMatchObject({ bytes: 8_000_000, complete: true, corrupt: false });
});
