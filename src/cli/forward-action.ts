/** Forwards of the running client. */
import { FORWARD_EXAMPLE, parseForward } from '../config/forward-spec.ts';
import { askDaemon } from '../control/control-client.ts';
import type { Forward } from '../engine/messages.ts';
import { UserError } from '../errors.ts';

/** What there is to print. Throws `UserError`. */
export async function forward(
  what: string,
  spec: string | undefined,
  isJson: boolean,
  stateDir: string,
): Promise<string> {
  if (what === 'list') {
    if (spec !== undefined) throw new UserError(`list takes no ${spec}`, { exitCode: 2 });
    const forwards = (await askDaemon(stateDir, { command: 'forward-list' })) as readonly Forward[];
    return isJson ? JSON.stringify(forwards) : forwards.map(({ id }) => id).join('\n');
  }
  if (spec === undefined || parseForward(spec) === undefined) {
    throw new UserError(spec === undefined ? 'no forward' : `${spec} is no forward`, {
      fix: `name one: ${FORWARD_EXAMPLE}`,
      exitCode: 2,
    });
  }
  await askDaemon(stateDir, { command: `forward-${what}`, spec });
  return '';
}
