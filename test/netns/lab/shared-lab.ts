/** The set-up of most files here: one lab for all tests, and daemons for all or for each. */
import { afterAll, beforeAll } from 'vitest';
import { explainFailures } from './failures.ts';
import { Lab } from './lab.ts';
import type { LinkWish } from './plan.ts';
import { Vpn } from './vpn.ts';

/** What most tests stand on. */
export const TWO_LINKS: readonly LinkWish[] = [
  { kind: 'wifi', settings: { delayMs: 5 } },
  { kind: 'lte', settings: { delayMs: 15 } },
];

export interface SharedLab {
  readonly lab: Lab;
  /** The latest. */
  readonly vpn: Vpn;
  /** Server and clients anew, with state directories of their own; those before end. */
  newVpn(): Promise<Vpn>;
}

/** Raised before the tests of the file or group, closed after them; one that fails says what everybody said. */
export function shareLab(links: readonly LinkWish[] = TWO_LINKS): SharedLab {
  let lab: Lab | undefined;
  let vpn: Vpn | undefined;
  let vpns = 0;
  beforeAll(async () => {
    lab = await Lab.raise({ links });
    console.log(`seed ${lab.seed}`);
    vpn = new Vpn(lab);
  });
  afterAll(() => lab?.close());
  explainFailures(() => vpn);
  return {
    get lab() {
      return lab as Lab;
    },
    get vpn() {
      return vpn as Vpn;
    },
    async newVpn() {
      await vpn?.stop();
      vpn = new Vpn(lab as Lab, `${vpns++}-`);
      return vpn;
    },
  };
}
