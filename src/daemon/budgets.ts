/**
 * Hands out the bytes of metered interfaces in grants, each set aside on disk before the engine may use it: whatever ends this
 * process, no byte is granted twice. Paths of one interface share its budget.
 *
 *   budget ──set aside──▶ granted to a path ──path-spent──▶ spent
 *                              └──path closed──▶ what is left of the grant goes back
 *
 * A grant is one hundredth of the budget at first. While grants are used up within a second they grow, and the disk is written
 * at most a few times a second; they shrink again when they last.
 */
import type { Budget, InterfaceSpec } from '../config/interface-spec.ts';
import type { EngineEvent } from '../engine/messages.ts';
import type { BudgetBook } from '../state/budget-book.ts';
import { type BudgetUse, currentUse, periodEndMs } from '../state/budget-period.ts';
import type { OpenPath } from './client-paths.ts';
import type { Log } from './log.ts';

const MIN_GRANT_BYTES = 256_000;
const GRANTS_PER_BUDGET = 100;
/** No grant is more than this part of the budget; a path has less than two of them, which a kill -9 forfeits. */
const MIN_GRANTS_PER_BUDGET = 16;
/** But of a small budget: what the core keeps back (`proto/path/meter.ts`) would be all of a smaller one, and the path carry nothing. */
const LEAST_GRANT_BYTES = 64_000;
const SHORT_MS = 1_000;
const LONG_MS = 30_000;
/** The calendar is looked at so often at least: a clock that is put right tells nobody. */
const LOOK_MS = 60_000;

export interface BudgetClock {
  /** Milliseconds since the epoch. */
  wallMs(): number;
  /** CLOCK_BOOTTIME. */
  bootMs(): number;
}

interface Grant {
  readonly path: number;
  /** Counted since the path was opened. */
  limitBytes: number;
  spentBytes: number;
}

interface Closing {
  readonly account: Account;
  readonly grant: Grant;
  /** What it did not use belongs to this period alone. */
  readonly periodStartMs: number;
}

interface Account {
  readonly interfaceName: string;
  budget: Budget;
  use: BudgetUse;
  /** Since when this run has seen `use` in force. */
  sinceMs: number;
  grantBytes: number;
  grantedMs: number;
  /** Of open paths by number: two per interface at most. */
  readonly open: Map<number, Grant>;
  isUsedUp: boolean;
}

export interface BudgetsOptions {
  readonly book: Pick<BudgetBook, 'use' | 'put' | 'damage'>;
  readonly clock: BudgetClock;
  readonly setLimit: (path: number, limitBytes: number) => void;
  readonly log: Log;
}

export class Budgets {
  /** Interfaces with a budget that carried a path in this run. */
  readonly #accounts = new Map<string, Account>();
  /** Grants of closed paths whose last report is under way, in the order of their closing, by path number. */
  readonly #closing = new Map<number, Closing[]>();
  #running: Promise<void> = Promise.resolve();
  readonly #timer: NodeJS.Timeout;

  constructor(private readonly options: BudgetsOptions) {
    if (options.book.damage !== undefined) {
      const what =
        'what metered interfaces have used is not known: they count as used up until their period ends';
      options.log.error({ what, why: options.book.damage }, 'budgets-damaged');
    }
    this.#timer = setInterval(() => this.#inTurn(() => this.#look()), LOOK_MS);
    this.#timer.unref();
  }

  /** Bytes that a path that is about to open may carry at first; undefined = it has no budget. */
  async open({ path, interfaceName }: OpenPath, { budget }: InterfaceSpec): Promise<number | undefined> {
    if (budget === undefined) {
      this.#accounts.delete(interfaceName);
      return undefined;
    }
    const grant: Grant = { path, limitBytes: 0, spentBytes: 0 };
    await this.#inTurn(async () => {
      const account = await this.#account(interfaceName, budget);
      account.open.set(path, grant);
      await this.#grant(account, grant);
    });
    return grant.limitBytes;
  }

  /** The path was closed; its last report may follow. */
  handleClosed(path: number): void {
    for (const account of this.#accounts.values()) {
      const grant = account.open.get(path);
      if (grant === undefined) continue;
      account.open.delete(path);
      const { periodStartMs } = account.use;
      this.#closing.set(path, [...(this.#closing.get(path) ?? []), { account, grant, periodStartMs }]);
    }
  }

  handleSpent({ path, spentBytes, isFinal }: Extract<EngineEvent, { kind: 'path-spent' }>): void {
    const closing = this.#closing.get(path)?.[0];
    if (closing !== undefined) {
      // Reports from before the closing come first, those of the next path of this number after.
      if (isFinal) this.#settle(path, closing, spentBytes);
      return;
    }
    for (const account of this.#accounts.values()) {
      const grant = account.open.get(path);
      if (grant === undefined) continue;
      grant.spentBytes = spentBytes;
      void this.#inTurn(() => this.#grantAgain(account, grant));
    }
  }

  /**
   * What is left of an interface's budget, and when it begins anew; undefined = it has none. `spentBytes`: by path, where the
   * engine knows more than it has reported.
   */
  left(
    interfaceName: string,
    spentBytes: ReadonlyMap<number, number> = new Map(),
  ): { budget: Budget; leftBytes: number; renewsMs: number } | undefined {
    const account = this.#accounts.get(interfaceName);
    if (account === undefined) return undefined;
    const { budget, use } = account;
    const leftBytes = Math.round(
      Math.max(0, budget.bytes - use.usedBytes) + outstanding(account, spentBytes),
    );
    return { budget, leftBytes, renewsMs: periodEndMs(budget.period, use.periodStartMs) };
  }

  /** Nothing is left to be granted. */
  isUsedUp(interfaceName: string): boolean {
    return this.#accounts.get(interfaceName)?.isUsedUp ?? false;
  }

  /** When what was begun is on the disk, or has failed. */
  get settled(): Promise<void> {
    return this.#running;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.settled;
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#running = this.#running.then(work).catch((err) => {
      // Nothing was set aside, so nothing is granted: the next report or look tries again.
      this.options.log.error({ err }, 'budget-not-written');
    });
    return this.#running;
  }

  async #account(interfaceName: string, budget: Budget): Promise<Account> {
    const known = this.#accounts.get(interfaceName);
    if (known !== undefined) {
      known.budget = budget;
      return known;
    }
    const { book, clock } = this.options;
    const use = currentUse(book.use(interfaceName), budget.period, clock.wallMs(), 0);
    const account: Account = {
      interfaceName,
      budget,
      use,
      sinceMs: clock.bootMs(),
      grantBytes: smallestGrant(budget),
      grantedMs: Number.NEGATIVE_INFINITY,
      open: new Map(),
      isUsedUp: false,
    };
    const isLost = book.damage !== undefined && book.use(interfaceName) === undefined;
    if (isLost) await this.#setAside(account, { ...use, usedBytes: budget.bytes });
    this.#accounts.set(interfaceName, account);
    return account;
  }

  async #grantAgain(account: Account, grant: Grant): Promise<void> {
    if (account.open.get(grant.path) !== grant) return;
    if (grant.limitBytes - grant.spentBytes >= account.grantBytes) return;
    const nowMs = this.options.clock.bootMs();
    const lastedMs = nowMs - account.grantedMs;
    const largest = Math.max(smallestGrant(account.budget), account.budget.bytes / MIN_GRANTS_PER_BUDGET);
    if (lastedMs < SHORT_MS) account.grantBytes = Math.min(Math.floor(largest), 2 * account.grantBytes);
    if (lastedMs > LONG_MS)
      account.grantBytes = Math.max(smallestGrant(account.budget), Math.ceil(account.grantBytes / 2));
    const before = grant.limitBytes;
    await this.#grant(account, grant);
    if (grant.limitBytes > before) this.options.setLimit(grant.path, grant.limitBytes);
  }

  async #grant(account: Account, grant: Grant): Promise<void> {
    this.#renew(account);
    const { budget, use } = account;
    const bytes = Math.max(0, Math.min(account.grantBytes, budget.bytes - use.usedBytes));
    this.#sayWhenUsedUp(account, bytes === 0);
    if (bytes === 0) return;
    await this.#setAside(account, { ...use, usedBytes: use.usedBytes + bytes });
    account.grantedMs = this.options.clock.bootMs();
    grant.limitBytes += bytes;
  }

  /** What was granted in the last period and not spent in it is spent in this one. */
  #renew(account: Account): boolean {
    const { clock, log } = this.options;
    const { interfaceName, budget, use } = account;
    const next = currentUse(use, budget.period, clock.wallMs(), clock.bootMs() - account.sinceMs);
    if (next === use) return false;
    const isNew = next.usedBytes < use.usedBytes || use.usedBytes === 0;
    account.use = isNew ? { ...next, usedBytes: outstanding(account) } : next;
    account.sinceMs = clock.bootMs();
    if (isNew)
      log.info({ interfaceName, budgetBytes: budget.bytes, period: budget.period }, 'budget-renewed');
    return isNew;
  }

  async #look(): Promise<void> {
    for (const account of this.#accounts.values()) {
      this.#renew(account);
      for (const grant of account.open.values()) await this.#grantAgain(account, grant);
    }
  }

  #settle(path: number, { account, grant, periodStartMs }: Closing, spentBytes: number): void {
    const rest = this.#closing.get(path)?.slice(1) ?? [];
    if (rest.length === 0) this.#closing.delete(path);
    else this.#closing.set(path, rest);
    const backBytes = Math.max(0, grant.limitBytes - spentBytes);
    if (backBytes === 0 || this.#accounts.get(account.interfaceName) !== account) return;
    void this.#inTurn(async () => {
      const { use } = account;
      if (use.periodStartMs !== periodStartMs) return;
      await this.#setAside(account, { ...use, usedBytes: Math.max(0, use.usedBytes - backBytes) });
    });
  }

  async #setAside(account: Account, use: BudgetUse): Promise<void> {
    await this.options.book.put(account.interfaceName, use);
    account.use = use;
  }

  #sayWhenUsedUp(account: Account, isUsedUp: boolean): void {
    if (isUsedUp && !account.isUsedUp) {
      const { interfaceName, budget, use } = account;
      const until = new Date(periodEndMs(budget.period, use.periodStartMs)).toISOString();
      this.options.log.warn({ interfaceName, budgetBytes: budget.bytes, until }, 'budget-used-up');
    }
    account.isUsedUp = isUsedUp;
  }
}

function smallestGrant({ bytes }: Budget): number {
  const usual = Math.min(Math.max(bytes / GRANTS_PER_BUDGET, MIN_GRANT_BYTES), bytes / MIN_GRANTS_PER_BUDGET);
  return Math.ceil(Math.max(usual, LEAST_GRANT_BYTES));
}

/** Granted and not spent. */
function outstanding({ open }: Account, newerBytes: ReadonlyMap<number, number> = new Map()): number {
  let bytes = 0;
  for (const { path, limitBytes, spentBytes } of open.values())
    bytes += Math.max(0, limitBytes - Math.max(spentBytes, newerBytes.get(path) ?? 0));
  return bytes;
}
