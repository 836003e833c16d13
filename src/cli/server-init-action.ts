/** `server init`: keys, configuration and service of a server, and what to do next. */
import { existsSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { serverText } from '../config/initial-config.ts';
import { DEFAULT_PORT, type Endpoint, formatEndpoint, parseListen } from '../config/units.ts';
import { findWayOut } from '../host/find-way-out.ts';
import { ensureServiceUser } from '../host/service.ts';
import { identityPath, openIdentity } from '../state/server-identity.ts';
import { withEditLock } from '../state/state-dir.ts';
import { freePlaces, giveStateDir, inStateDir, report, startService, writeConfig } from './set-up.ts';

export interface ServerInit {
  readonly name: string;
  readonly endpoint?: Endpoint;
  readonly listen?: string;
  readonly pool?: string;
  readonly outInterface?: string;
}

/** What was done, for the user. Throws `UserError`. */
export async function initServer(wish: ServerInit): Promise<string> {
  const { configPath, stateDir } = freePlaces(wish.name);
  process.umask(0o022);
  const wayOut = await findWayOut();
  const port = parseListen(wish.listen ?? '')?.[0].port ?? DEFAULT_PORT;
  const own = wayOut?.publicAddress;
  const endpoint = wish.endpoint ?? (own === undefined ? undefined : { host: own, port });
  const user = await ensureServiceUser();

  const hadKeys = existsSync(identityPath(stateDir));
  await inStateDir(stateDir, () => withEditLock(stateDir, () => openIdentity(stateDir)));
  giveStateDir(stateDir, user);
  writeConfig(configPath, serverText({ ...wish, stateDir, endpoint, user: user?.name }), user);
  const service = await startService('server', wish.name);

  const out = wish.outInterface ?? wayOut?.interfaceName;
  const family = endpoint !== undefined && isIPv6(endpoint.host) ? 'IPv6' : 'UDP';
  return report([
    ['keys', `${stateDir} (${hadKeys ? 'kept' : 'new'}; back it up: clients know the server by them)`],
    ['configuration', configPath],
    ['clients go out', out === undefined ? 'nowhere yet: this machine has no default route' : `by ${out}`],
    [
      'clients come in',
      endpoint === undefined
        ? 'this machine has no public address of its own: say in invites where it is, --endpoint HOST:PORT'
        : `at ${formatEndpoint(endpoint)}: let ${family === 'UDP' ? '' : 'IPv6 '}UDP through to port ${port}`,
    ],
    service,
    ['next', `resip-vpn invite laptop${endpoint === undefined ? ' --endpoint HOST:PORT' : ''} --qr`],
  ]);
}
