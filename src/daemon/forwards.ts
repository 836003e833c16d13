/** The forwards of a running client: those of its configuration, and those that come and go by `resip-vpn forward`. */
import type { Engine } from '../engine/engine-client.ts';
import type { EngineEvent, Forward } from '../engine/messages.ts';
import type { Log } from './log.ts';

type ForwardEvent = Extract<EngineEvent, { kind: 'forward' }>;

/** What came of adding a forward: an error's text, or null. */
type Waiter = (failure: string | null) => void;

export class Forwards {
  readonly #active = new Map<string, Forward>();
  readonly #waiters = new Map<string, Waiter>();

  constructor(
    private readonly engine: Pick<Engine, 'post'>,
    private readonly log: Log,
  ) {}

  /** Resolves when it listens. Throws when it cannot. */
  async add(forward: Forward): Promise<void> {
    const { id } = forward;
    if (this.#active.has(id)) throw new Error(`${id} is there already`);
    this.#active.set(id, forward);
    const failure = await new Promise<string | null>((resolve) => {
      this.#waiters.set(id, resolve);
      this.engine.post({ kind: 'forward-add', forward });
    });
    if (failure === null) {
      this.log.info({ forward: id }, 'forward-listens');
      return;
    }
    this.#active.delete(id);
    throw new Error(`cannot forward ${id}: ${failure}`);
  }

  /** Connections that are open stay. Throws when there is no such forward. */
  remove(id: string): void {
    if (!this.#active.delete(id)) throw new Error(`there is no forward ${id}`);
    this.engine.post({ kind: 'forward-remove', id });
    this.log.info({ forward: id }, 'forward-removed');
  }

  get list(): readonly Forward[] {
    return [...this.#active.values()];
  }

  handle({ id, state, message }: ForwardEvent): void {
    const waiter = this.#waiters.get(id);
    this.#waiters.delete(id);
    if (waiter !== undefined) {
      waiter(state === 'listening' ? null : message);
      return;
    }
    // It listened, and does not any more.
    if (state === 'failed' && this.#active.delete(id))
      this.log.error({ forward: id, message }, 'forward-failed');
  }
}
