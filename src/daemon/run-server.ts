/** A server process: from flags to the end. */
import { loadConfig } from '../config/load-config.ts';
import { serverKind } from '../config/server-config.ts';
import { startEngine } from '../engine/engine-client.ts';
import { ServerNetwork } from '../host/server-network.ts';
import { becomeUser } from './become-user.ts';
import { runUntilEnd } from './lifecycle.ts';
import { createLogs } from './logs.ts';
import { startServer } from './server.ts';
import { findServiceManager } from './service-manager.ts';

/** Resolves after a signal. Throws `UserError`. */
export async function runServer(flags: Readonly<Record<string, unknown>>): Promise<void> {
  process.umask(0o077);
  const { config, path, warnings } = loadConfig(serverKind, flags);
  becomeUser(config, path === undefined ? [] : [path]);
  const { logFor, setLevel } = createLogs(config.log);
  const log = logFor();
  if (path !== undefined) log.info({ path }, 'configuration');
  for (const what of warnings) log.warn({ what }, 'configuration-warning');
  const service = findServiceManager(log);
  const parts = {
    service,
    startEngine,
    openNetwork: ServerNetwork.open,
    clockMs: Date.now,
    logFor,
    setLogLevel: setLevel,
    loadConfig: () => loadConfig(serverKind, flags).config,
  };
  await runUntilEnd(
    log,
    (life) => startServer(config, parts, life),
    () => service.stopping(),
  );
}
