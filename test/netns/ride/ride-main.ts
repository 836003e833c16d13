/** `npm run ride`: five minutes on a train with a laptop; `npm run ride -- --short`: the same incidents in half a minute. */
import { parseArgs } from 'node:util';
import { Vpn } from '../lab/vpn.ts';
import { say, withLab } from './options.ts';
import { raiseRideLab, ride } from './ride.ts';
import { composeRide, FULL_PACE, SHORT_PACE } from './script.ts';
import { tellRide } from './tell.ts';

const USAGE = 'usage: npm run ride -- [--seed N] [--short]\n';
/** The same ride each time, unless another is asked for. */
const DEFAULT_SEED = 4;

async function main(seed: number, isShort: boolean): Promise<void> {
  const acts = composeRide(seed, isShort ? SHORT_PACE : FULL_PACE);
  const lengthMs = acts.reduce((sum, act) => sum + act.lengthMs, 0);
  say(
    `${Math.round(lengthMs / 1000)} seconds over wifi (20 ms there and back) and lte (60 ms), seed ${seed} …`,
  );
  await withLab(
    () => raiseRideLab(seed),
    async (lab) => {
      const vpn = new Vpn(lab);
      const report = await ride(lab, vpn, acts, say);
      say(`\n${tellRide(report)}`);
      const { lostWhileHealthy, terminal, download } = report;
      const hasLost = lostWhileHealthy.length > 0 || download.corrupt || download.complete;
      if (!hasLost && terminal.ended === null && terminal.wrong === 0) return;
      process.exitCode = 1;
      say(`\nNot as it should be.\n${await vpn.describe()}`);
    },
  );
}

const { values } = parseArgs({
  options: { seed: { type: 'string' }, short: { type: 'boolean', default: false } },
});
const seed = Number(values.seed ?? DEFAULT_SEED);
if (Number.isInteger(seed)) await main(seed, values.short);
else {
  process.stderr.write(`ride: --seed: expected a whole number, got ${values.seed}\n${USAGE}`);
  process.exitCode = 2;
}
