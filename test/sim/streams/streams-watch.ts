/** What streams hold stays within what is stated, and two honest ends never have anything to refuse of each other. */
import type { Association } from '../../../src/proto/association/association.ts';
import type { CoreBase } from '../../../src/proto/core-base.ts';
import { associationsOf } from '../watch/step.ts';
import { Violation } from '../watch/violation.ts';

/** The limits as the product states them, written down a second time. */
const MAX_CHANNELS = 1_024;
const MAX_WINDOW_BYTES = 8 * 1024 * 1024;
const BUDGET_BYTES = 32 * 1024 * 1024;
const INITIAL_BYTES = 65_536;

export function checkStreams(name: string, core: CoreBase): void {
  const refused = core['context'].rejects.get('stream');
  if (refused > 0) throw new Violation('stream-rules', `${name} refused ${refused} packets of streams`);
  for (const association of associationsOf(core)) checkAssociation(name, association);
}

function checkAssociation(name: string, { streams }: Association): void {
  const within = (what: string, value: number, limit: number) => {
    if (value > limit) throw new Violation('bounded', `${name}: ${what} ${value}, limit ${limit}`);
  };
  within('channels', streams.count, MAX_CHANNELS);
  within('bytes of streams', streams.heldBytes, 2 * BUDGET_BYTES + streams.count * 2 * INITIAL_BYTES);
  for (const { channel, sending, receiving } of streams.all) {
    within(`bytes to send of ${channel}`, sending.heldBytes, MAX_WINDOW_BYTES);
    within(`bytes received of ${channel}`, receiving.heldBytes, MAX_WINDOW_BYTES);
  }
}

/** Nothing is left of streams that are over: no channel but those that listen, and no byte. */
export function isCleared(core: CoreBase): boolean {
  return associationsOf(core).every(
    ({ streams }) => streams.heldBytes === 0 && [...streams.all].every(({ target }) => target.listens),
  );
}
