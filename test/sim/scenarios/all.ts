/** The scenarios by name. Each file is one story; `expect` says what it has to come to. */
import type { Scenario } from '../scenario.ts';
import { autoHiccup } from './auto-hiccup.ts';
import { bondOfUnequals } from './bond-of-unequals.ts';
import { busyServer } from './busy-server.ts';
import { clockOf1970 } from './clock-of-1970.ts';
import { failoverUnplugged } from './failover-unplugged.ts';
import { firstWord } from './first-word.ts';
import { fourDaysOfNothing } from './four-days-of-nothing.ts';
import { fullHoldQueue } from './full-hold-queue.ts';
import { geostationaryBesideLte } from './geostationary-beside-lte.ts';
import { hostilePath } from './hostile-path.ts';
import { hourOfStreams } from './hour-of-streams.ts';
import { hoursOfTwoClients } from './hours-of-two-clients.ts';
import { lossyStreams } from './lossy-streams.ts';
import { natReboots } from './nat-reboots.ts';
import { oneLossyLink } from './one-lossy-link.ts';
import { replaysOfHours } from './replays-of-hours.ts';
import { serverRestart } from './server-restart.ts';
import { thousandClients } from './thousand-clients.ts';
import { threeDaysOfNothing } from './three-days-of-nothing.ts';
import { threeDaysOfStreams } from './three-days-of-streams.ts';
import { trainRide } from './train-ride.ts';
import { twoLossyLinks } from './two-lossy-links.ts';
import { usedUpBudget } from './used-up-budget.ts';

export const SCENARIOS: readonly Scenario[] = [
  trainRide,
  geostationaryBesideLte,
  threeDaysOfNothing,
  threeDaysOfStreams,
  natReboots,
  serverRestart,
  clockOf1970,
  thousandClients,
  hostilePath,
  replaysOfHours,
  fullHoldQueue,
  busyServer,
  bondOfUnequals,
  failoverUnplugged,
  firstWord,
  fourDaysOfNothing,
  oneLossyLink,
  twoLossyLinks,
  lossyStreams,
  hourOfStreams,
  hoursOfTwoClients,
  autoHiccup,
  usedUpBudget,
];
