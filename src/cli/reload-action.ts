/** Asks the running daemon to read its configuration again. */
import { resolve } from 'node:path';
import { askDaemon } from '../control/control-client.ts';
import type { Reloaded } from '../daemon/reload.ts';

export async function reload(stateDir: string): Promise<string> {
  const { applied, needsRestart } = (await askDaemon(resolve(stateDir), { command: 'reload' })) as Reloaded;
  const lines = [
    applied.length === 0 ? '' : `in force now: ${applied.join(', ')}`,
    needsRestart.length === 0 ? '' : `needs a restart: ${needsRestart.join(', ')}`,
  ].filter((line) => line !== '');
  return `${lines.length === 0 ? 'nothing has changed' : lines.join('\n')}\n`;
}
