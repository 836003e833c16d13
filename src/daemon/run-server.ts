/** A server process: from flags to the end. */
import { serverKind } from '../config/server-config.ts';
import { ServerNetwork } from '../host/server-network.ts';
import { runDaemon } from './run-daemon.ts';
import { startServer } from './server.ts';

/** Resolves after a signal. Throws `UserError`. */
export function runServer(flags: Readonly<Record<string, unknown>>): Promise<void> {
  return runDaemon(serverKind, flags, (config, parts, life) =>
    startServer(config, { ...parts, openNetwork: ServerNetwork.open }, life),
  );
}
