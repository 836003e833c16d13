/** The kill switch of a state directory without its client. */
import { resolve } from 'node:path';
import { pino } from 'pino';
import { becomeOwnerWithRights } from '../daemon/become-user.ts';
import { findFirewall, isInForce } from '../host/kill-switch/firewall.ts';
import { instanceName } from '../host/kill-switch/switch-plan.ts';
import { NetworkSession } from '../host/network-session.ts';
import { ensureStateDir, lockForDaemon } from '../state/state-dir.ts';

/** `on` or `off`. */
export async function killSwitchStatus(stateDir: string): Promise<string> {
  return (await isInForce(await findFirewall(), instanceName(stateDir))) ? 'on' : 'off';
}

/** Takes away everything that a killed client left. Throws `UserError` while it runs: its protection ends with it. */
export async function killSwitchOff(stateDir: string): Promise<string> {
  const directory = resolve(stateDir);
  ensureStateDir(directory);
  becomeOwnerWithRights(directory, [], false);
  const before = await killSwitchStatus(directory);
  const lock = lockForDaemon(directory);
  try {
    const log = pino({ level: 'warn', base: undefined }, process.stderr);
    await (await NetworkSession.open({ stateDir: directory, log })).close();
  } finally {
    lock.release();
  }
  return before === 'on' ? 'the kill switch is off: everything leaves again' : 'there was no kill switch';
}
