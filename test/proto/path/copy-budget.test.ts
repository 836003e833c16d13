import { describe, expect, it } from 'vitest';
import { CopyBudget } from '../../../src/proto/path/copy-budget.ts';

/** A link with a drop-tail queue; offers `offeredPerMs` for `seconds` and reports every 100 ms. Returns what happened. */
function drive(
  budget: CopyBudget,
  linkPerMs: number,
  offeredPerMs: number,
  seconds: number,
  queueBytes = 512_000,
) {
  const size = 1400;
  let waiting = 0;
  let credit = 0;
  let taken = 0;
  let takenInWindow = 0;
  let deliveredInWindow = 0;
  let longestQueueMs = 0;
  let lateQueueMs = 0;
  for (let now = 1; now <= seconds * 1000; now++) {
    credit += offeredPerMs;
    for (; credit >= size; credit -= size) {
      if (!budget.take(size, now)) continue;
      taken += size;
      takenInWindow += size;
      if (waiting + size <= queueBytes) waiting += size;
    }
    const out = Math.min(waiting, linkPerMs);
    waiting -= out;
    deliveredInWindow += out;
    const queueMs = waiting / linkPerMs;
    longestQueueMs = Math.max(longestQueueMs, queueMs);
    if (now > seconds * 500) lateQueueMs = Math.max(lateQueueMs, queueMs);
    if (now % 100 === 0) {
      budget.handleReport(30 + queueMs, takenInWindow / 100, deliveredInWindow / 100, now);
      takenInWindow = 0;
      deliveredInWindow = 0;
    }
  }
  return { takenPerMs: taken / seconds / 1000, longestQueueMs, lateQueueMs };
}

describe('copy budget', () => {
  it('lets an interactive flow pass whole', () => {
    const budget = new CopyBudget();
    drive(budget, 250, 20, 10);
    expect(budget.surplusCopies).toBe(0);
  });

  it('keeps the queue of a slow link short under a flow 25 times its rate, and uses the link', () => {
    const budget = new CopyBudget();
    const { takenPerMs, lateQueueMs } = drive(budget, 250, 6250, 20);
    expect(lateQueueMs).toBeLessThan(200);
    expect(takenPerMs).toBeGreaterThan(0.5 * 250);
    expect(takenPerMs).toBeLessThan(1.1 * 250);
    expect(budget.surplusCopies).toBeGreaterThan(0);
  });

  it('finds out what a link takes whose queue is too short for long delays', () => {
    const budget = new CopyBudget();
    const { takenPerMs } = drive(budget, 2_500, 12_500, 20, 2_500 * 90);
    expect(takenPerMs).toBeLessThan(1.2 * 2_500);
    expect(takenPerMs).toBeGreaterThan(0.5 * 2_500);
  });

  it('lets a call and a ping pass whole beside a download of many times its rate', () => {
    const budget = new CopyBudget();
    for (let now = 1, refused = 0; now <= 2_000; now++) {
      for (let packet = 0; packet < 2; packet++) budget.take(1400, now);
      if (now % 10 === 0 && !budget.take(200, now)) refused++;
      expect(refused).toBe(0);
    }
    expect(budget.surplusCopies).toBeGreaterThan(1_000);
  });

  it('leaves no copy out on a link that loses a third and answers 65 to 85 ms later most of the time', () => {
    const budget = new CopyBudget();
    for (let now = 1, report = 0; now <= 10_000; now++) {
      budget.take(400, now);
      if (now % 100 === 0) budget.handleReport(report++ % 8 === 0 ? 30 : 95 + (now % 40), 400, 267, now);
    }
    expect(budget.surplusCopies).toBe(0);
  });

  it('ends without a limit on a link that takes everything', () => {
    const budget = new CopyBudget();
    drive(budget, 2_000_000, 600_000, 4);
    expect(budget.isLimited).toBe(false);
  });

  it('lets a flow that doubles with each round trip pass whole after its first', () => {
    const budget = new CopyBudget();
    const rttMs = 20;
    const refused: number[] = [];
    for (let trip = 0, packets = 10; trip < 9; trip++, packets *= 2) {
      const before = budget.surplusCopies;
      for (let i = 0; i < packets; i++) budget.take(1_400, 1 + rttMs * (trip + i / packets));
      refused.push(budget.surplusCopies - before);
      const perMs = (packets * 1_400) / rttMs;
      budget.handleReport(rttMs, perMs, perMs, rttMs * (trip + 1));
    }
    expect(refused).toEqual(refused.map(() => 0));
  });

  it('does not grow while nobody asks', () => {
    const budget = new CopyBudget();
    const before = budget.rate;
    for (let now = 100; now < 10_000; now += 100) budget.handleReport(30, 0.1, 0.1, now);
    expect(budget.rate).toBe(before);
  });
});
