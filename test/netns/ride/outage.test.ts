/** No link for longer than the NATs remember. `npm run outage` is the same for ten minutes. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { HOLD_LIMITS } from '../../../src/proto/association/hold-queue.ts';
import { explainFailures } from '../lab/failures.ts';
import type { Lab } from '../lab/lab.ts';
import { Vpn } from '../lab/vpn.ts';
import { outage, raiseOutageLab, tellOutage } from './outage.ts';

const LENGTH_MS = 12_000;
let lab: Lab;
let vpn: Vpn;

// Of its own for each attempt: an outage that failed leaves its links off.
beforeEach(async () => {
  lab = await raiseOutageLab();
  vpn = new Vpn(lab);
});
afterEach(() => lab?.close());
explainFailures(() => vpn);

it('keeps queues bounded and the address, and delivers the first packets without asking again', async () => {
  const report = await outage(lab, vpn, LENGTH_MS, (line) => console.log(line));
  console.log(tellOutage(report));
  const { addresses, mostHeld, silent, told } = report;
  expect(addresses[1]).toBe(addresses[0]);
  for (const held of [mostHeld.client, mostHeld.server]) {
    expect(held).toBeGreaterThan(0);
    expect(held).toBeLessThanOrEqual(HOLD_LIMITS.packets);
  }
  for (const first of [silent, told]) expect(first).toMatchObject({ datagrams: 1, isFirstSyn: true });
});
