/** Asks the running daemon how it is. */
import { resolve } from 'node:path';
import { askDaemon } from '../control/control-client.ts';
import type { Snapshot } from '../engine/messages.ts';
import { version } from '../version.ts';
import { formatStatus } from './status-view.ts';

/**
 * `isJson`: one object, `version` (of the program) beside the fields of `Snapshot` (`engine/messages.ts`). Fields are only
 * ever added.
 */
export async function status(stateDir: string, isJson: boolean, clientName?: string): Promise<string> {
  const snapshot = (await askDaemon(resolve(stateDir), { command: 'status' })) as Snapshot;
  return isJson
    ? `${JSON.stringify({ version: version(), ...snapshot }, null, 2)}\n`
    : formatStatus(snapshot, clientName);
}
