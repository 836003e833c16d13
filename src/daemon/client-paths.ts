/**
 * Keeps one path open per interface and address family, as long as the interface can carry one.
 *
 *   closed ──interface usable──▶ open ──down, gone, without address or route, or refused by the engine──▶ closed
 *                                │  ▲
 *                                └──┘ another address or gateway: rebound; another MTU: told; another device: closed and opened
 *
 * `sync` compares what is wished with what is there; it runs after every change of the machine and may run at any time.
 */
import type { InterfaceSpec } from '../config/interface-spec.ts';
import type { Engine } from '../engine/engine-client.ts';
import type { UnusableInterface } from '../engine/messages.ts';
import type { ClientNetwork } from '../host/client-network.ts';
import type { Family } from '../host/ip-prefix.ts';
import type { PathResult, Way } from '../host/path-table.ts';
import type { Log } from './log.ts';
import { OncePerSubject } from './once-per-subject.ts';
import type { WantedInterfaces } from './wanted-interfaces.ts';

/** PROTOCOL.md §6. */
const MAX_PATHS = 8;
/** A path that the engine could not open, or a look that failed, is tried again after this. */
const RETRY_MS = 5_000;
/** A machine of many containers has hundreds that `*` matches; nobody reads them all. */
const MAX_UNUSABLE = 32;

export interface OpenPath {
  readonly path: number;
  readonly interfaceName: string;
  readonly family: Family;
}

type Refused = Extract<PathResult, { ok: false }>;
type Usable = Extract<PathResult, { ok: true }>;

/** What a path was opened with, or refreshed. */
interface KnownPath extends OpenPath {
  readonly way: Way;
  readonly mtuBytes: number;
  readonly options: string;
}

export interface ClientPathsOptions {
  readonly wanted: WantedInterfaces;
  /** The server's addresses of a family; where it has none, a path leads nowhere. */
  readonly serverAddresses: (family: Family) => readonly string[];
  readonly network: Pick<ClientNetwork, 'openPath' | 'closePath' | 'uplinks'>;
  readonly engine: Pick<Engine, 'post'>;
  /** How many bytes a path that is about to open may carry at first; undefined = any number. */
  readonly openBudget: (path: OpenPath, spec: InterfaceSpec) => Promise<number | undefined>;
  /** The path's number is free again. */
  readonly onClosed: (path: number) => void;
  readonly log: Log;
}

export class ClientPaths {
  readonly #open = new Map<string, KnownPath>();
  readonly #said: OncePerSubject;
  #unusable: readonly UnusableInterface[] = [];
  #isWaiting = false;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(private readonly options: ClientPathsOptions) {
    this.#said = new OncePerSubject(options.log);
  }

  get open(): readonly OpenPath[] {
    return [...this.#open.values()];
  }

  /** Wanted interfaces without a path as of the last look, those that are named outright first. */
  get unusable(): readonly UnusableInterface[] {
    return this.#unusable;
  }

  /** The engine could not open its socket. */
  handleFailed(path: number, message: string): void {
    const open = this.open.find((candidate) => candidate.path === path);
    if (open === undefined) return;
    const { interfaceName, family } = open;
    this.#open.delete(key(interfaceName, family));
    this.options.onClosed(path);
    this.#said.warn(interfaceName, { interfaceName, why: message }, 'path-refused');
    const what = `no socket could be opened on ${interfaceName}`;
    const isNamed = this.options.wanted.specFor(interfaceName)?.pattern === interfaceName;
    const refused = { interfaceName, problem: 'refused', what, why: message, isNamed };
    this.#unusable = [...this.#unusable.slice(0, MAX_UNUSABLE - 1), refused];
    void this.#enqueue(() => this.options.network.closePath(path));
    this.syncSoon(RETRY_MS);
  }

  /** After whatever else happens at this moment: a burst of changes is one look. */
  syncSoon(delayMs = 0): void {
    clearTimeout(this.#timer);
    if (!this.#isClosed) this.#timer = setTimeout(() => void this.sync(), delayMs);
  }

  /** Resolves when every interface was looked at. */
  sync(): Promise<void> {
    return this.#enqueue(() => this.#syncAll());
  }

  /** New sockets, and a question over each, at once: of one interface or of all. Returns how many paths. */
  wake(interfaceName?: string): number {
    const paths = this.open.filter(
      (path) => interfaceName === undefined || path.interfaceName === interfaceName,
    );
    for (const { path } of paths) this.options.engine.post({ kind: 'wakeup', path });
    this.syncSoon();
    return paths.length;
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
    const { wanted, serverAddresses } = this.options;
    const names = await this.#interfaces();
    for (const { interfaceName, family } of this.open) {
      const isWanted = names.includes(interfaceName) && serverAddresses(family).length > 0;
      if (!isWanted) await this.#close(interfaceName, family);
    }
    const families = ([4, 6] as const).filter((family) => serverAddresses(family).length > 0);
    if (families.length === 0) return;
    const unusable: UnusableInterface[] = [];
    for (const interfaceName of names) {
      const spec = wanted.specFor(interfaceName);
      if (spec === undefined) continue;
      const problems: Refused[] = [];
      for (const family of families) {
        const result = await this.#look(interfaceName, family, spec);
        if (result !== null && !result.ok) problems.push(result);
      }
      if (problems.length < families.length) {
        this.#said.forget(interfaceName);
        continue;
      }
      const found = describeProblem(interfaceName, problems[0], spec.pattern === interfaceName);
      if (unusable.length < MAX_UNUSABLE) unusable.push(found);
      // Of what a pattern matches, much is never meant to carry anything.
      if (found.isNamed) this.#sayProblem(found);
    }
    this.#unusable = unusable;
    this.#sayWaiting();
  }

  /** Wanted ones: those named outright first, for there is room for eight paths. */
  async #interfaces(): Promise<string[]> {
    const { wanted, network } = this.options;
    const matched = wanted.hasPatterns ? await network.uplinks() : [];
    const names = [...wanted.named, ...matched.filter((name) => wanted.specFor(name) !== undefined)];
    return [...new Set(names)];
  }

  /** Opens, refreshes or closes one path. Null when there is no room for it. */
  async #look(interfaceName: string, family: Family, spec: InterfaceSpec): Promise<PathResult | null> {
    const { network, serverAddresses } = this.options;
    const known = this.#open.get(key(interfaceName, family));
    const path = known?.path ?? this.#freePath();
    if (path === null) {
      this.#said.warn(
        key(interfaceName, family),
        { interfaceName, family, max: MAX_PATHS },
        'too-many-paths',
      );
      return null;
    }
    const result = await network.openPath({ path, interfaceName, family, reach: serverAddresses(family) });
    if (!result.ok) {
      if (known !== undefined) await this.#close(interfaceName, family);
      return result;
    }
    if (known === undefined) await this.#opened({ path, interfaceName, family }, result, spec);
    else if (known.way.linkIndex !== result.way.linkIndex || known.options !== optionsText(spec)) {
      await this.#close(interfaceName, family);
      return this.#look(interfaceName, family, spec);
    } else this.#refresh(known, result);
    return result;
  }

  /** The same device as before, another way or size. */
  #refresh(known: KnownPath, { way, mtuBytes }: Usable): void {
    const { engine, log } = this.options;
    const { path, interfaceName, family } = known;
    this.#open.set(key(interfaceName, family), { ...known, way, mtuBytes });
    if (known.mtuBytes !== mtuBytes) {
      engine.post({ kind: 'path-mtu', path, mtuBytes });
      log.info({ interfaceName, family, path, mtuBytes }, 'path-mtu');
    }
    if (known.way.text === way.text) return;
    engine.post({ kind: 'wakeup', path });
    log.info({ interfaceName, family, path, way: way.text }, 'path-rebound');
  }

  async #opened(
    open: OpenPath,
    { mark, mtuBytes, way, warnings }: Usable,
    spec: InterfaceSpec,
  ): Promise<void> {
    const { engine, openBudget, log } = this.options;
    const { path, interfaceName, family } = open;
    const options = optionsText(spec);
    this.#open.set(key(interfaceName, family), { ...open, way, mtuBytes, options });
    const budgetBytes = await openBudget(open, spec);
    const wishes = { backup: spec.isBackup, metered: spec.isMetered, budgetBytes };
    engine.post({ kind: 'path-open', path, interfaceName, family, mark, mtuBytes, ...wishes });
    log.info({ interfaceName, family, path, options: options || undefined, way: way.text }, 'path-opened');
    for (const { what, why, fix } of warnings) log.warn({ what, why, fix }, 'path-warning');
  }

  async #close(interfaceName: string, family: Family): Promise<void> {
    const open = this.#open.get(key(interfaceName, family));
    if (open === undefined) return;
    const { network, engine, onClosed, log } = this.options;
    this.#open.delete(key(interfaceName, family));
    engine.post({ kind: 'path-close', path: open.path });
    onClosed(open.path);
    log.info({ interfaceName, family, path: open.path }, 'path-closed');
    await network.closePath(open.path);
  }

  #freePath(): number | null {
    const used = new Set(this.open.map(({ path }) => path));
    for (let path = 0; path < MAX_PATHS; path++) if (!used.has(path)) return path;
    return null;
  }

  #sayProblem({ interfaceName, problem, what, why, fix }: UnusableInterface): void {
    this.#said.warn(interfaceName, { problem, what, why, fix }, 'interface-unusable');
  }

  #sayWaiting(): void {
    const isWaiting = this.#open.size === 0;
    if (isWaiting && !this.#isWaiting) {
      const { wanted, log } = this.options;
      const what = 'none of the interfaces can be used; waiting for one';
      log.warn({ interfaces: wanted.patterns, what }, 'waiting');
    }
    this.#isWaiting = isWaiting;
  }
}

function describeProblem(
  interfaceName: string,
  { problem, error }: Refused,
  isNamed: boolean,
): UnusableInterface {
  const why = typeof error.cause === 'string' ? error.cause : undefined;
  return { interfaceName, problem, what: error.what, why, fix: error.fix, isNamed };
}

function key(interfaceName: string, family: Family): string {
  return `${interfaceName}/${family}`;
}

/** What a path is opened with. */
function optionsText({ isBackup, isMetered, budget }: InterfaceSpec): string {
  const words = [isBackup && 'backup', isMetered && 'metered', budget && `${budget.bytes}/${budget.period}`];
  return words.filter(Boolean).join();
}
