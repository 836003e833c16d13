/** `npm run outage`: no link for ten minutes, or for as long as `--seconds` says. */
import { Vpn } from '../lab/vpn.ts';
import { readNumber, say, withLab } from './options.ts';
import { outage, raiseOutageLab, tellOutage } from './outage.ts';

const seconds = readNumber('seconds', 600);
if (seconds !== null) {
  await withLab(raiseOutageLab, async (lab) => {
    const report = await outage(lab, new Vpn(lab), seconds * 1000, say);
    say(`\n${tellOutage(report)}`);
    const isSame = report.addresses[0] === report.addresses[1];
    if (!isSame || !report.silent.isFirstSyn || !report.told.isFirstSyn) process.exitCode = 1;
  });
}
