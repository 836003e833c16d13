/** `join`: keys, configuration and service of a client, and what to do next. */
import { clientText } from '../config/initial-config.ts';
import type { Invite } from '../config/invite.ts';
import { formatEndpoint } from '../config/units.ts';
import { loadPrimitives } from '../crypto/sodium.ts';
import { findDnsWay } from '../host/dns/dns-way.ts';
import { allowUserDns, ensureServiceUser, hasSystemd, runUnitAsRoot } from '../host/service.ts';
import { ClientState } from '../state/client-state.ts';
import { freePlaces, giveStateDir, inStateDir, report, startService, writeConfig } from './set-up.ts';

export interface Join {
  readonly name: string;
  readonly invite: Invite;
  /** As after `-i`. */
  readonly interfaces: readonly string[];
}

/** What was done, for the user. Throws `UserError`. */
export async function join({ name, invite, interfaces }: Join): Promise<string> {
  const { configPath, stateDir } = freePlaces(name);
  process.umask(0o022);
  const user = (await canUserSetDns()) ? await ensureServiceUser() : undefined;

  // The secret is there and nowhere else.
  const primitives = await loadPrimitives();
  await inStateDir(stateDir, async () => (await ClientState.open(stateDir)).accept(invite, primitives));
  giveStateDir(stateDir, user);
  writeConfig(configPath, clientText({ stateDir, interfaces, user: user?.name }), user);
  if (user === undefined && hasSystemd()) await runUnitAsRoot('client', name);
  const service = await startService('client', name);

  const links = interfaces.includes('*') ? 'every link, as it comes and goes' : interfaces.join(', ');
  return report([
    ['server', `${formatEndpoint(invite.endpoint)}, which knows this machine as ${invite.name}`],
    ['configuration', configPath],
    ['links', links],
    service,
    ['next', 'resip-vpn status'],
  ]);
}

/** Only systemd-resolved takes DNS servers from anybody but root. */
async function canUserSetDns(): Promise<boolean> {
  const way = await findDnsWay('');
  return way.kind === 'resolvectl' && (await allowUserDns());
}
