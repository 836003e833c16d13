/** The clients of a server: by the running server, or on its disk when none runs. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { askDaemon, NotRunningError } from '../control/control-client.ts';
import { type ClientAction, ClientAdmin, type ClientListing } from '../daemon/client-admin.ts';
import { UserError } from '../errors.ts';
import { formatSpan } from '../format.ts';
import { identityPath } from '../state/server-identity.ts';
import { ServerState } from '../state/server-state.ts';
import { lockForDaemon } from '../state/state-dir.ts';
import { becomeOwner } from '../state/state-owner.ts';
import { formatTable } from './table.ts';

export interface ClientsAction {
  readonly stateDir: string;
  readonly wish: ClientAction;
  readonly isJson: boolean;
}

/** What is to be printed: the list, or that a change was made. Throws `UserError`. */
export async function administer({ stateDir, wish, isJson }: ClientsAction): Promise<string> {
  const directory = resolve(stateDir);
  const clients = await perform(directory, wish);
  if (isJson) return `${JSON.stringify(clients, null, 2)}\n`;
  return wish.action === 'list' ? formatClients(clients) : '';
}

const noEngine = () => {};

async function perform(directory: string, wish: ClientAction): Promise<readonly ClientListing[]> {
  try {
    return (await askDaemon(directory, { command: 'clients', ...wish })) as ClientListing[];
  } catch (error) {
    if (!(error instanceof NotRunningError) || !existsSync(identityPath(directory))) throw error;
  }
  becomeOwner(directory);
  const lock = lockForDaemon(directory);
  try {
    const problems: Error[] = [];
    const state = await ServerState.open(directory, {
      onWriteError: (_, error) => void problems.push(error),
    });
    const clients = new ClientAdmin(state, noEngine, noEngine, undefined).perform(wish);
    if (!(await state.flush())) throw new UserError(`${directory} cannot be written`, { cause: problems[0] });
    return clients;
  } finally {
    lock.release();
  }
}

function formatClients(clients: readonly ClientListing[]): string {
  if (clients.length === 0) return 'no clients yet: resip-vpn invite NAME makes one\n';
  const rows = clients.map(({ name, address, isFixed, revoked, lastSeenMs }) => [
    name,
    address === null ? '-' : `${address}${isFixed ? ' (fixed)' : ''}`,
    revoked ? 'revoked' : `last seen ${formatSpan(Math.max(0, Date.now() - lastSeenMs))} ago`,
  ]);
  return formatTable(['client', 'address', 'state'], rows, ['left', 'left', 'left']);
}
