/** Forwards of the running client. */
import { FORWARD_EXAMPLE, parseForward, parseForwardName } from '../config/forward-spec.ts';
import { askDaemon } from '../control/control-client.ts';
import type { ForwardListing } from '../daemon/forwards.ts';
import { UserError } from '../errors.ts';

export interface ForwardWish {
  readonly what: string;
  readonly spec?: string;
  readonly isRemote: boolean;
  readonly isJson: boolean;
}

/** What there is to print. Throws `UserError`. */
export async function forward(wish: ForwardWish, stateDir: string): Promise<string> {
  const { what, spec, isRemote, isJson } = wish;
  if (what === 'list') {
    if (spec !== undefined) throw new UserError(`list takes no ${spec}`, { exitCode: 2 });
    const forwards = (await askDaemon(stateDir, { command: 'forward-list' })) as readonly ForwardListing[];
    return isJson ? JSON.stringify(forwards) : forwards.map(describe).join('\n');
  }
  const direction = isRemote ? 'remote' : 'local';
  const parse = what === 'remove' ? parseForwardName : parseForward;
  if (spec === undefined || parse(spec) === undefined) {
    throw new UserError(spec === undefined ? 'no forward' : `${spec} is no forward`, {
      fix: `name one: ${FORWARD_EXAMPLE}`,
      exitCode: 2,
    });
  }
  const answer = (await askDaemon(stateDir, { command: `forward-${what}`, spec, direction })) as
    | ForwardListing
    | undefined;
  if (what !== 'add' || answer === undefined) return '';
  if (isJson) return JSON.stringify(answer);
  return answer.state === 'listening' ? '' : describe(answer);
}

function describe({ id, state, message }: ForwardListing): string {
  if (state === 'listening') return id;
  return state === 'waiting'
    ? `${id}: waiting for the server`
    : `${id}: ${message}; the server is asked again`;
}
