/** A client process: from flags to the end. */
import { clientKind } from '../config/client-config.ts';
import { loadConfig } from '../config/load-config.ts';
import { loadPrimitives } from '../crypto/sodium.ts';
import { startEngine } from '../engine/engine-client.ts';
import { ClientNetwork } from '../host/client-network.ts';
import { startClient } from './client.ts';
import { lookupAll } from './endpoints.ts';
import { runUntilEnd } from './lifecycle.ts';
import { createLog } from './log.ts';

/** Resolves after a signal. Throws `UserError`. */
export async function runClient(flags: Readonly<Record<string, unknown>>): Promise<void> {
  process.umask(0o077);
  const { config, path, warnings } = loadConfig(clientKind, flags);
  const log = createLog(config.log);
  if (path !== undefined) log.info({ path }, 'configuration');
  for (const what of warnings) log.warn({ what }, 'configuration-warning');
  const parts = {
    startEngine,
    openNetwork: ClientNetwork.open,
    loadPrimitives,
    lookup: lookupAll,
    clockMs: Date.now,
    logFor: (component?: string) => (component === undefined ? log : log.child({ component })),
  };
  await runUntilEnd(log, (life) => startClient(config, parts, life));
}
