/** The forwards of a running client: those of its configuration, and those that come and go by `resip-vpn forward`. */
import { forwardId, parseForwardName } from '../config/forward-spec.ts';
import type { Engine } from '../engine/engine-client.ts';
import type { EngineEvent, Forward } from '../engine/messages.ts';
import { UserError } from '../errors.ts';
import type { Log } from './log.ts';

type ForwardEvent = Extract<EngineEvent, { kind: 'forward' }>;

/** As `forward list --json` tells it. */
export interface ForwardListing extends Forward {
  /** `waiting`: the server has not answered (again). `refused`: it is asked again. */
  readonly state: 'listening' | 'waiting' | 'refused';
  /** Why it was refused. */
  readonly message: string;
  /** Where it listens; 0 = it does not. */
  readonly listeningPort: number;
}

export class Forwards {
  readonly #active = new Map<string, ForwardListing>();
  /** Who waits for the first event of a forward. */
  readonly #waiters = new Map<string, (event: ForwardEvent) => void>();
  /** Of the configuration. */
  #configured: readonly string[] = [];

  constructor(
    private readonly engine: Pick<Engine, 'post'>,
    private readonly log: Log,
  ) {}

  /**
   * Resolves when a local one listens; throws when it cannot. A remote one resolves with the server's answer, or after `patienceMs`
   * without one: it is asked as soon as there is a link.
   */
  async add(forward: Forward, patienceMs = 0): Promise<ForwardListing> {
    const { id, direction } = forward;
    if (this.#active.has(id))
      throw new UserError(`${id} is there already`, { fix: 'see: resip-vpn forward list' });
    this.#active.set(id, { ...forward, state: 'waiting', message: '', listeningPort: 0 });
    const first = new Promise<ForwardEvent>((resolve) => this.#waiters.set(id, resolve));
    this.engine.post({ kind: 'forward-add', forward });
    if (direction === 'local') this.#throwIfFailed(await first);
    else if (patienceMs > 0) this.#throwIfFailed(await within(patienceMs, first));
    return this.#active.get(id) as ForwardListing;
  }

  /** The id of the one that is called so (`parseForwardName`). Throws `UserError` when it is none, or several. */
  find(name: string, direction: Forward['direction']): string {
    const wanted = Object.entries(parseForwardName(name) ?? { id: name });
    const isMeant = (forward: ForwardListing) =>
      wanted.every(([field, value]) => forward[field as keyof Forward] === value);
    const all = this.list.filter(isMeant);
    const found = all.filter((forward) => forward.direction === direction);
    if (found.length === 1) return found[0].id;
    const names = (forwards: readonly ForwardListing[]) => forwards.map(({ id }) => id).join(', ');
    if (found.length > 1)
      throw new UserError(`${name} is more than one forward`, { fix: `name one of ${names(found)}` });
    throw new UserError(`there is no forward ${forwardId(name, direction)}`, {
      fix: all.length > 0 ? `did you mean ${names(all)}?` : 'name one of: resip-vpn forward list',
    });
  }

  /** Connections that are open stay. */
  remove(id: string): void {
    if (!this.#active.delete(id)) return;
    this.engine.post({ kind: 'forward-remove', id });
    this.log.info({ forward: id }, 'forward-removed');
  }

  /** Those of the configuration as it is now; what was added to the running client stays. Rejects with all that failed. */
  async configure(forwards: readonly Forward[]): Promise<void> {
    for (const id of this.#configured) {
      const stays = forwards.some((forward) => forward.id === id);
      if (!stays && this.#active.has(id)) this.remove(id);
    }
    this.#configured = forwards.map(({ id }) => id);
    const failures: string[] = [];
    for (const forward of forwards) {
      if (this.#active.has(forward.id)) continue;
      await this.add(forward).catch((error: UserError) => failures.push(error.what));
    }
    if (failures.length > 0) throw new UserError(failures.join('; '));
  }

  get list(): readonly ForwardListing[] {
    return [...this.#active.values()];
  }

  handle(event: ForwardEvent): void {
    const { id, state, message, port } = event;
    const waiter = this.#waiters.get(id);
    this.#waiters.delete(id);
    const forward = this.#active.get(id);
    if (forward !== undefined) {
      if (state === 'failed') this.#active.delete(id);
      else this.#active.set(id, { ...forward, state, message, listeningPort: port });
      this.#say(event, forward, waiter !== undefined);
    }
    waiter?.(event);
  }

  /** Whoever waits hears of a failure itself; what is asked again and again is said once. */
  #say({ id, state, message, port }: ForwardEvent, before: ForwardListing, isWaitedFor: boolean): void {
    if (state === 'listening') this.log.info({ forward: id, port }, 'forward-listens');
    else if (state === 'failed' && !isWaitedFor) this.log.error({ forward: id, message }, 'forward-failed');
    else if (state === 'refused' && before.message !== message)
      this.log.warn({ forward: id, message }, 'forward-refused');
  }

  #throwIfFailed(event: ForwardEvent | undefined): void {
    if (event?.state !== 'failed') return;
    throw new UserError(`cannot forward ${event.id}: ${event.message}`, { fix: 'choose another local port' });
  }
}

async function within<T>(patienceMs: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), patienceMs);
  });
  return Promise.race([work, over]).finally(() => clearTimeout(timer));
}
