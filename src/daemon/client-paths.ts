/**
 * Keeps one path open per interface and address family, as long as the interface can carry one.
 *
 *   closed ──interface usable──▶ open ──down, gone, without address, or refused by the engine──▶ closed
 *
 * `sync` compares what is wished with what is there; it runs after every change of the machine and may run at any time.
 */
import type { Engine } from '../engine/engine-client.ts';
import type { ClientNetwork } from '../host/client-network.ts';
import type { Family } from '../host/ip-prefix.ts';
import type { PathResult } from '../host/path-table.ts';
import type { Log } from './log.ts';

/** PROTOCOL.md §6. */
const MAX_PATHS = 8;
/** A burst of changes is one look. */
const SETTLE_MS = 50;
/** A path that the engine could not open, or a look that failed, is tried again after this. */
const RETRY_MS = 5_000;

interface OpenPath {
  readonly path: number;
  readonly interfaceName: string;
  readonly family: Family;
}

export interface ClientPathsOptions {
  readonly interfaces: readonly string[];
  /** A path of a family in which the server has no address leads nowhere. */
  readonly hasFamily: (family: Family) => boolean;
  readonly network: Pick<ClientNetwork, 'openPath' | 'closePath'>;
  readonly engine: Pick<Engine, 'post'>;
  /** The path's number is free again. */
  readonly onClosed: (path: number) => void;
  readonly log: Log;
}

export class ClientPaths {
  readonly #open = new Map<string, OpenPath>();
  /** Per interface: what was last said about it. */
  readonly #said = new Map<string, string>();
  /** Interfaces that were replaced by others of the same name: their sockets are bound to nothing. */
  readonly #stale = new Set<string>();
  #isWaiting = false;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(private readonly options: ClientPathsOptions) {}

  /** Soon; `isReplaced` when the interface is another one than before. */
  handleInterfaceChange(interfaceName: string, isReplaced: boolean): void {
    if (isReplaced) this.#stale.add(interfaceName);
    this.syncSoon();
  }

  /** The engine could not open its socket. */
  handleFailed(path: number, message: string): void {
    const open = [...this.#open.values()].find((candidate) => candidate.path === path);
    if (open === undefined) return;
    this.#open.delete(key(open.interfaceName, open.family));
    this.options.onClosed(path);
    this.#say(open.interfaceName, { interfaceName: open.interfaceName, why: message }, 'path-refused');
    void this.#enqueue(() => this.options.network.closePath(path));
    this.syncSoon(RETRY_MS);
  }

  syncSoon(delayMs = SETTLE_MS): void {
    clearTimeout(this.#timer);
    if (!this.#isClosed) this.#timer = setTimeout(() => void this.sync(), delayMs);
  }

  /** Resolves when every interface was looked at. */
  sync(): Promise<void> {
    return this.#enqueue(() => this.#syncAll());
  }

  /** Stops looking; what is open is the network's and the engine's to close. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    this.#running = this.#running.then(async () => {
      if (this.#isClosed) return;
      try {
        await work();
      } catch (err) {
        this.options.log.warn({ err }, 'paths-not-updated');
        this.syncSoon(RETRY_MS);
      }
    });
    return this.#running;
  }

  async #syncAll(): Promise<void> {
    const { interfaces, hasFamily } = this.options;
    const families = ([4, 6] as const).filter(hasFamily);
    if (families.length === 0) return;
    for (const interfaceName of interfaces) {
      if (this.#stale.delete(interfaceName)) await this.#closeAll(interfaceName);
      const problems: Extract<PathResult, { ok: false }>[] = [];
      for (const family of [4, 6] as const) {
        if (!families.includes(family)) {
          await this.#close(interfaceName, family);
          continue;
        }
        const result = await this.#look(interfaceName, family);
        if (result !== null && !result.ok) problems.push(result);
      }
      if (problems.length === families.length) this.#sayProblem(interfaceName, problems[0]);
      else this.#said.delete(interfaceName);
    }
    this.#sayWaiting();
  }

  /** Opens, refreshes or closes one path. Null when there is no room for it. */
  async #look(interfaceName: string, family: Family): Promise<PathResult | null> {
    const { network, engine, log } = this.options;
    const known = this.#open.get(key(interfaceName, family));
    const path = known?.path ?? this.#freePath();
    if (path === null) {
      this.#say(key(interfaceName, family), { interfaceName, family, max: MAX_PATHS }, 'too-many-paths');
      return null;
    }
    const result = await network.openPath({ path, interfaceName, family });
    if (!result.ok) {
      if (known !== undefined) await this.#close(interfaceName, family);
      return result;
    }
    if (known === undefined) {
      const { mark, mtuBytes } = result;
      this.#open.set(key(interfaceName, family), { path, interfaceName, family });
      engine.post({ kind: 'path-open', path, interfaceName, family, mark, mtuBytes });
      log.info({ interfaceName, family, path }, 'path-opened');
      for (const { what, why, fix } of result.warnings) log.warn({ what, why, fix }, 'path-warning');
    }
    return result;
  }

  async #closeAll(interfaceName: string): Promise<void> {
    for (const family of [4, 6] as const) await this.#close(interfaceName, family);
  }

  async #close(interfaceName: string, family: Family): Promise<void> {
    const open = this.#open.get(key(interfaceName, family));
    if (open === undefined) return;
    const { network, engine, onClosed, log } = this.options;
    this.#open.delete(key(interfaceName, family));
    onClosed(open.path);
    engine.post({ kind: 'path-close', path: open.path });
    await network.closePath(open.path);
    log.info({ interfaceName, family, path: open.path }, 'path-closed');
  }

  #freePath(): number | null {
    const used = new Set([...this.#open.values()].map(({ path }) => path));
    for (let path = 0; path < MAX_PATHS; path++) if (!used.has(path)) return path;
    return null;
  }

  #sayProblem(interfaceName: string, { problem, error }: Extract<PathResult, { ok: false }>): void {
    const why = typeof error.cause === 'string' ? error.cause : undefined;
    this.#say(interfaceName, { problem, what: error.what, why, fix: error.fix }, 'interface-unusable');
  }

  #sayWaiting(): void {
    const isWaiting = this.#open.size === 0;
    if (isWaiting && !this.#isWaiting) {
      const { interfaces, log } = this.options;
      log.warn({ interfaces, what: 'none of the interfaces can be used; waiting for one' }, 'waiting');
    }
    this.#isWaiting = isWaiting;
  }

  /** Once, until something else is to be said about `subject`. */
  #say(subject: string, fields: object, event: string): void {
    const text = JSON.stringify([event, fields]);
    if (this.#said.get(subject) === text) return;
    this.#said.set(subject, text);
    this.options.log.warn(fields, event);
  }
}

function key(interfaceName: string, family: Family): string {
  return `${interfaceName}/${family}`;
}
