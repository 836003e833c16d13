/** Which server a client belongs to: the one of its invite, or of the invite that it was started with last. */
import type { ClientConfig } from '../config/client-config.ts';
import { readInviteFile } from '../config/invite-file.ts';
import { formatEndpoint } from '../config/units.ts';
import { UserError } from '../errors.ts';
import type { Primitives } from '../proto/session/primitives.ts';
import type { ClientState, StoredServer } from '../state/client-state.ts';
import type { Log } from './log.ts';

/** An invite is noted in `state`. Throws `UserError` where there is none and never was. */
export async function chooseServer(
  config: Pick<ClientConfig, 'invite' | 'inviteFile' | 'stateDir'>,
  state: ClientState,
  loadPrimitives: () => Promise<Primitives>,
  log: Log,
): Promise<StoredServer> {
  const invite = config.invite ?? readInviteFile(config.inviteFile, state.server !== undefined);
  if (invite !== undefined) {
    const before = state.server;
    const acceptance = await state.accept(invite, await loadPrimitives());
    if (acceptance === 'replaced' && before !== undefined) {
      const name = formatEndpoint(before.endpoint);
      log.warn({ before: name, now: formatEndpoint(invite.endpoint) }, 'server-replaced');
    }
  }
  if (state.server !== undefined) return state.server;
  throw new UserError('this client has no server yet', {
    cause: `there is no invite in ${config.stateDir}`,
    fix: "give it one: resip-vpn client 'resip://…' -i wlan0; `resip-vpn invite NAME` on the server makes it",
    exitCode: 2,
  });
}
