/** A client process: from flags to the end. */
import { clientKind } from '../config/client-config.ts';
import { loadConfig } from '../config/load-config.ts';
import { startEngine } from '../engine/engine-client.ts';
import { ClientNetwork } from '../host/client-network.ts';
import { becomeUser } from './become-user.ts';
import { startClient } from './client.ts';
import { lookupAll } from './endpoints.ts';
import { runUntilEnd } from './lifecycle.ts';
import { createLogs } from './logs.ts';
import { findServiceManager } from './service-manager.ts';

/** Resolves after a signal. Throws `UserError`. */
export async function runClient(flags: Readonly<Record<string, unknown>>): Promise<void> {
  process.umask(0o077);
  const { config, path, warnings } = loadConfig(clientKind, flags);
  becomeUser(config, path === undefined ? [] : [path]);
  const { logFor, setLevel } = createLogs(config.log);
  const log = logFor();
  if (path !== undefined) log.info({ path }, 'configuration');
  for (const what of warnings) log.warn({ what }, 'configuration-warning');
  const service = findServiceManager(log);
  const parts = {
    service,
    startEngine,
    openNetwork: ClientNetwork.open,
    // Only an invite needs them, once.
    loadPrimitives: async () => (await import('../crypto/sodium.ts')).loadPrimitives(),
    lookup: lookupAll,
    clockMs: Date.now,
    logFor,
    setLogLevel: setLevel,
    loadConfig: () => loadConfig(clientKind, flags).config,
  };
  await runUntilEnd(
    log,
    (life) => startClient(config, parts, life),
    () => service.stopping(),
  );
}
