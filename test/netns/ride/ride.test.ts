/** The train ride in half a minute: the same incidents as in the long one, `npm run ride`. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { explainFailures } from '../lab/failures.ts';
import type { Lab } from '../lab/lab.ts';
import { Vpn } from '../lab/vpn.ts';
import { raiseRideLab, ride } from './ride.ts';
import { composeRide, SHORT_PACE } from './script.ts';
import { tellRide } from './tell.ts';

const SEED = 4;
/** Where the kernel tells that a link is back. Asked for is a round trip and 50 ms; a busy machine is slower. */
const FIRST_ANSWER_WITHIN_MS = 1_000;
let lab: Lab;
let vpn: Vpn;

beforeAll(async () => {
  lab = await raiseRideLab(SEED);
  vpn = new Vpn(lab);
});
afterAll(() => lab?.close());
explainFailures(() => vpn);

it('loses no ping while a link is healthy, and keeps a session and a download from start to end', async () => {
  const told: string[] = [];
  const report = await ride(lab, vpn, composeRide(SEED, SHORT_PACE), (line) => told.push(line));
  console.log(`${told.join('\n')}\n\n${tellRide(report)}`);
  const { lostWhileHealthy, terminal, download, pings, recoveries } = report;
  expect(lostWhileHealthy).toEqual([]);
  expect(terminal).toMatchObject({ ended: null, wrong: 0 });
  expect(download).toMatchObject({ status: 200, corrupt: false, complete: false });
  expect(pings).toMatchObject({ duplicates: 0, corrupt: 0 });
  expect(recoveries.length).toBeGreaterThanOrEqual(4);
  for (const { isSilent, firstAnswerMs } of recoveries)
    expect(firstAnswerMs).toBeLessThan(isSilent ? 2 * FIRST_ANSWER_WITHIN_MS : FIRST_ANSWER_WITHIN_MS);
});
