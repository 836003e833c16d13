/** The clients of a server: by the running server, or on its disk when none runs. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { askDaemon, NotRunningError } from '../control/control-client.ts';
import {
  type ClientAction,
  ClientAdmin,
  type ClientListing,
  type InviteListing,
} from '../daemon/client-admin.ts';
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
  const { clients, invites } = await perform(directory, wish);
  if (isJson) return `${JSON.stringify(clients, null, 2)}\n`;
  return wish.action === 'list' ? formatClients(clients, invites) : '';
}

interface Guests {
  readonly clients: readonly ClientListing[];
  readonly invites: readonly InviteListing[];
}

const noEngine = () => {};

async function perform(directory: string, wish: ClientAction): Promise<Guests> {
  try {
    const clients = (await askDaemon(directory, { command: 'clients', ...wish })) as ClientListing[];
    // Only a list shows them: a daemon of before an upgrade, which does not know the question, makes every change all the same.
    if (wish.action !== 'list') return { clients, invites: [] };
    return { clients, invites: (await askDaemon(directory, { command: 'invites' })) as InviteListing[] };
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
    const admin = new ClientAdmin(state, noEngine, noEngine, undefined);
    const clients = admin.perform(wish);
    if (!(await state.flush())) throw new UserError(`${directory} cannot be written`, { cause: problems[0] });
    return { clients, invites: admin.openInvites(Date.now()) };
  } finally {
    lock.release();
  }
}

function formatClients(clients: readonly ClientListing[], invites: readonly InviteListing[]): string {
  if (clients.length + invites.length === 0) return 'no clients yet: resip-vpn invite NAME makes one\n';
  const known = clients.map((client) => [
    client.name,
    client.address === null ? '-' : `${client.address}${client.isFixed ? ' (fixed)' : ''}`,
    formatState(client),
  ]);
  const invited = invites.map(({ name, expiresMs }) => [name, '-', `invited${formatExpiry(expiresMs)}`]);
  return formatTable(['client', 'address', 'state'], [...known, ...invited], ['left', 'left', 'left']);
}

function formatState({ revoked, isConnected, lastSeenMs }: ClientListing): string {
  if (revoked) return 'revoked';
  return isConnected ? 'connected' : `last seen ${formatSpan(Math.max(0, Date.now() - lastSeenMs))} ago`;
}

function formatExpiry(expiresMs: number): string {
  return expiresMs === 0 ? '' : `, for ${formatSpan(Math.max(0, expiresMs - Date.now()))} more`;
}
