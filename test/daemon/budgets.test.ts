/** A budget, its grants and the disk: what may be used is on the disk before, and is never more than the budget. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { parseInterfaceSpec } from '../../src/config/interface-spec.ts';
import { Budgets } from '../../src/daemon/budgets.ts';
import { Meter } from '../../src/proto/path/meter.ts';
import { BudgetBook } from '../../src/state/budget-book.ts';
import type { BudgetUse } from '../../src/state/budget-period.ts';
import { temporaryDir } from '../state/temporary-dir.ts';
import { FakeLog } from './fakes.ts';

const BUDGET = 1_600_000;
const GRANT = BUDGET / 16;
const NOON = new Date(2026, 5, 10, 12).getTime();
const DAY = 86_400_000;

let clock: { wallMs: number; bootMs: number };
let log: FakeLog;
let limits: Map<number, number>;
let opened: Budgets[];

beforeEach(() => {
  clock = { wallMs: NOON, bootMs: 1_000 };
  log = new FakeLog([]);
  limits = new Map();
  opened = [];
});
afterEach(async () => {
  for (const budgets of opened) await budgets.close();
});

function start(book: ConstructorParameters<typeof Budgets>[0]['book']): Budgets {
  const budgets = new Budgets({
    book,
    clock: { wallMs: () => clock.wallMs, bootMs: () => clock.bootMs },
    setLimit: (path, bytes) => limits.set(path, bytes),
    log,
  });
  opened.push(budgets);
  return budgets;
}

const spec = (text: string) => parseInterfaceSpec(text).spec ?? expect.fail(text);
const wwan0 = spec(`wwan0,budget=${BUDGET}/day`);

async function open(budgets: Budgets, path = 0, family: 4 | 6 = 4): Promise<void> {
  limits.set(path, (await budgets.open({ path, interfaceName: 'wwan0', family }, wwan0)) ?? Number.NaN);
}

/** The path spends as long as it may, and tells whenever half of a grant is gone. */
async function spendAll(budgets: Budgets, path = 0): Promise<number> {
  for (;;) {
    const limit = limits.get(path) ?? 0;
    tell(budgets, path, limit);
    await budgets.settled;
    if (limits.get(path) === limit) return limit;
    clock.bootMs += 10;
  }
}

function tell(budgets: Budgets, path: number, spentBytes: number, isFinal = false): void {
  budgets.handleSpent({ kind: 'path-spent', path, interfaceName: 'wwan0', spentBytes, isFinal });
}

describe('one run', () => {
  test('grants little at first, and more when half of it is spent, never more than the budget', async () => {
    const budgets = start(await BudgetBook.open(temporaryDir()));
    await open(budgets);
    expect(limits.get(0)).toBe(GRANT);
    tell(budgets, 0, 0);
    await budgets.settled;
    expect(limits.get(0)).toBe(GRANT);
    tell(budgets, 0, GRANT / 2);
    await budgets.settled;
    expect(limits.get(0)).toBe(2 * GRANT);
    expect(await spendAll(budgets)).toBe(BUDGET);
    expect(log.of('budget-used-up')).toHaveLength(1);
    expect(budgets.left('wwan0')).toMatchObject({ leftBytes: 0 });
    expect(['wwan0', 'wlan0'].map((name) => budgets.isUsedUp(name))).toEqual([true, false]);
  });

  test('what is left is what the engine knows, before it reports it', async () => {
    const budgets = start(await BudgetBook.open(temporaryDir()));
    await open(budgets, 0);
    await open(budgets, 1, 6);
    const left = (...spent: [number, number][]) => budgets.left('wwan0', new Map(spent))?.leftBytes;
    expect(left()).toBe(BUDGET);
    expect(left([0, 1_000], [1, 20])).toBe(BUDGET - 1_020);
    tell(budgets, 0, 2_000);
    await budgets.settled;
    expect(left([0, 1_000])).toBe(BUDGET - 2_000);
    expect(left([0, 3 * GRANT])).toBe(BUDGET - (limits.get(0) ?? 0));
  });

  test('a small budget carries something: its first grant is more than the core keeps back', async () => {
    const budgets = start(await BudgetBook.open(temporaryDir()));
    const small = spec('wwan0,budget=50k/day');
    const limit = await budgets.open({ path: 0, interfaceName: 'wwan0', family: 4 }, small);
    const meter = new Meter();
    meter.setLimit(limit, 0);
    const task = meter.poll(0, 0, 50, 0);
    expect(task).toMatchObject({ kind: 'share', bytes: expect.any(Number) });
    expect(task.kind === 'share' && task.bytes).toBeGreaterThan(15_000);
    limits.set(0, limit ?? 0);
    expect(await spendAll(budgets)).toBe(50_000);
  });

  test('two paths of one interface share its budget', async () => {
    const budgets = start(await BudgetBook.open(temporaryDir()));
    await open(budgets, 0, 4);
    await open(budgets, 1, 6);
    expect((await spendAll(budgets, 0)) + (await spendAll(budgets, 1))).toBe(BUDGET);
  });

  test('what a closed path did not use goes back', async () => {
    const budgets = start(await BudgetBook.open(temporaryDir()));
    await open(budgets);
    budgets.handleClosed(0);
    tell(budgets, 0, 1_000);
    await open(budgets);
    tell(budgets, 0, 30_000, true);
    await budgets.settled;
    expect(budgets.left('wwan0')?.leftBytes).toBe(BUDGET - 30_000);
    expect(await spendAll(budgets)).toBe(BUDGET - 30_000);
  });

  test('the next day begins anew, less what is granted from the last', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const budgets = start(await BudgetBook.open(temporaryDir()));
      await open(budgets);
      const before = await spendAll(budgets);
      clock.wallMs += DAY;
      clock.bootMs += DAY;
      await vi.advanceTimersByTimeAsync(60_000);
      await budgets.settled;
      expect(limits.get(0)).toBeGreaterThan(before);
      expect(await spendAll(budgets)).toBe(before + BUDGET);
      expect(log.of('budget-renewed').length).toBeGreaterThanOrEqual(1);
    } finally {
      vi.useRealTimers();
    }
  });

  test('a disk that cannot be written grants nothing', async () => {
    const book = {
      use: () => undefined,
      damage: undefined,
      put: async () => Promise.reject(new Error('ENOSPC')),
    };
    const budgets = start(book);
    await open(budgets);
    expect(limits.get(0)).toBe(0);
    expect(log.of('budget-not-written')).toHaveLength(1);
  });
});

describe('over restarts', () => {
  test('the day’s budget goes on; what a killed run had been granted is gone', async () => {
    const dir = temporaryDir();
    const killed = start(await BudgetBook.open(dir));
    await open(killed);
    tell(killed, 0, 60_000);
    await killed.settled;
    const granted = limits.get(0) ?? 0;
    const next = start(await BudgetBook.open(dir));
    await open(next);
    expect(await spendAll(next)).toBe(BUDGET - granted);
  });

  test('a damaged file gives nothing away until the next day', async () => {
    const dir = temporaryDir();
    writeFileSync(join(dir, 'budgets.json'), '{');
    const budgets = start(await BudgetBook.open(dir));
    await open(budgets);
    expect(limits.get(0)).toBe(0);
    expect(log.of('budgets-damaged')).toHaveLength(1);
    const again = start(await BudgetBook.open(dir));
    await open(again);
    expect(limits.get(0)).toBe(0);
    clock.wallMs += DAY;
    const later = start(await BudgetBook.open(dir));
    await open(later);
    expect(limits.get(0)).toBe(GRANT);
  });

  test('however often it is killed, and wherever its clock goes within a day, the budget holds', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            spend: fc.integer({ min: 0, max: 600_000 }),
            jumpMs: fc.integer({ min: -3 * DAY, max: 0 }),
          }),
          {
            maxLength: 12,
          },
        ),
        async (runs) => {
          const disk = new Map<string, BudgetUse>();
          const book = {
            damage: undefined,
            use: (name: string) => disk.get(name),
            put: async (name: string, use: BudgetUse) => void disk.set(name, use),
          };
          let spent = 0;
          clock = { wallMs: NOON, bootMs: 0 };
          const first = start(book);
          await open(first);
          for (const { spend, jumpMs } of runs) {
            clock.wallMs = NOON + jumpMs;
            const budgets = start(book);
            await open(budgets);
            let here = 0;
            while (here < spend && here < (limits.get(0) ?? 0)) {
              here = Math.min(spend, limits.get(0) ?? 0);
              tell(budgets, 0, here);
              await budgets.settled;
            }
            spent += here;
          }
          expect(spent).toBeLessThanOrEqual(BUDGET);
        },
      ),
      { numRuns: 40 },
    );
  });
});
