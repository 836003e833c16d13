/** What happens to a daemon: written down in its state directory, and told to the owner's programs. */
import type { Hooks as HookTable } from '../config/hook-config.ts';
import type { Assignment } from '../engine/messages.ts';
import { UserError } from '../errors.ts';
import { type EventFields, EventLog } from '../state/event-log.ts';
import { version } from '../version.ts';
import { type HookFacts, Hooks } from './hooks.ts';
import type { Life } from './lifecycle.ts';
import type { Log } from './log.ts';
import { systemClock } from './standstill.ts';

export interface HistoryOptions {
  readonly role: 'client' | 'server';
  readonly stateDir: string;
  readonly tunName: string;
  readonly hooks: HookTable;
  /** Milliseconds since the epoch. */
  readonly clockMs: () => number;
  readonly logFor: (component?: string) => Log;
}

export interface PathChange {
  readonly path: number;
  readonly isUp: boolean;
  readonly rttMs: number | null;
  /** Client: its interface. */
  readonly interfaceName?: string;
  /** Server: the client's name, and its outer address; null when the path was closed. */
  readonly peer?: string;
  readonly remote?: string | null;
}

export class History {
  readonly #events: EventLog;
  readonly #hooks: Hooks;
  /** What every hook is told. */
  #facts: HookFacts;
  #isPrepared = false;
  #isUp = false;

  constructor(private readonly options: HistoryOptions) {
    const { hooks, logFor, stateDir, clockMs, role, tunName } = options;
    Hooks.check(hooks);
    this.#hooks = new Hooks(hooks, logFor('hook'));
    const clock = { wallMs: clockMs, bootMs: systemClock.bootMs };
    this.#events = new EventLog(stateDir, clock, (err) => logFor().warn({ err }, 'events-not-written'));
    this.#facts = { role, tun: tunName, state_dir: stateDir };
  }

  /** Before the network is touched: its end is told when everything is taken down again. */
  begin(life: Life): void {
    this.note('started', { role: this.options.role, version: version() });
    life.defer('history', async () => {
      if (this.#isPrepared) await this.#hooks.run('post-down', this.#end(life));
      this.note('ended', { reason: reasonOf(life) });
      await this.#events.flush();
    });
  }

  /** Runs to its end what the machine is prepared by. Throws `UserError` when that fails. */
  async prepare(life: Life): Promise<void> {
    life.defer('hooks', () => this.#hooks.hurry());
    this.#isPrepared = true;
    const failure = await life.orEnd(this.#hooks.run('pre-up', this.#facts));
    if (failure === undefined) return;
    throw new UserError('the pre-up hook failed', { cause: failure, fix: 'see what it says above' });
  }

  /** The tunnel can be used; or it has got another address. */
  up(inner: Partial<Assignment>, more: HookFacts = {}): void {
    const { address, prefixLength, address6, dns, mtuBytes } = inner;
    const facts = { address, prefix_length: prefixLength, address6, dns: dns?.join(' '), mtu: mtuBytes };
    this.#facts = { ...this.#facts, ...facts, ...more };
    this.note('up', { address, address6, mtuBytes });
    this.#isUp = true;
    void this.#hooks.run('post-up', this.#facts);
  }

  /** The start is done: from now on the end begins with `pre-down`, while the tunnel still carries. */
  ready(life: Life): void {
    life.defer('pre-down', async () => {
      this.#hooks.hurry();
      if (this.#isUp) await this.#hooks.run('pre-down', this.#end(life));
    });
  }

  path({ path, isUp, rttMs, interfaceName, peer, remote }: PathChange): void {
    const rtt = rttMs === null ? undefined : Math.round(10 * rttMs) / 10;
    const where = { peer, interface: interfaceName, remote: remote ?? undefined };
    this.note(isUp ? 'path-up' : 'path-down', { ...where, path, rttMs: rtt });
    const facts = { ...this.#facts, ...where, path, rtt_ms: rtt };
    void this.#hooks.run(isUp ? 'path-up' : 'path-down', facts, `${peer ?? ''}/${path}`);
  }

  session(state: 'established' | 'lost', suite: string, peer?: string): void {
    this.note(`session-${state}`, { peer, suite: suite === '' ? undefined : suite });
  }

  note(event: string, fields: EventFields = {}): void {
    this.#events.add(event, fields);
  }

  /** Throws `UserError` for a program that must not be run; then nothing changes. */
  replaceHooks(hooks: HookTable): void {
    this.#hooks.replace(hooks);
  }

  #end(life: Life): HookFacts {
    return { ...this.#facts, reason: reasonOf(life) };
  }
}

function reasonOf({ hasFailed }: Life): string {
  return hasFailed ? 'failed' : 'stopped';
}
