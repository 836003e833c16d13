/** A client process: from flags to the end. */
import { clientKind } from '../config/client-config.ts';
import { ClientNetwork } from '../host/client-network.ts';
import { startClient } from './client.ts';
import { lookupAll } from './endpoints.ts';
import { runDaemon } from './run-daemon.ts';

/** Resolves after a signal. Throws `UserError`. */
export function runClient(flags: Readonly<Record<string, unknown>>): Promise<void> {
  const own = {
    openNetwork: ClientNetwork.open,
    // Only an invite needs them, once.
    loadPrimitives: async () => (await import('../crypto/sodium.ts')).loadPrimitives(),
    lookup: lookupAll,
  };
  return runDaemon(clientKind, flags, (config, parts, life) =>
    startClient(config, { ...parts, ...own }, life),
  );
}
