import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Standstill, StandstillWatch, systemClock } from '../../src/daemon/standstill.ts';

let monotonicMs: number;
let bootMs: number;
let seen: Standstill[];
let watch: StandstillWatch;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  monotonicMs = 5_000;
  bootMs = 905_000;
  seen = [];
  watch = new StandstillWatch((what) => seen.push(what), {
    monotonicMs: () => monotonicMs,
    bootMs: () => bootMs,
  });
});
afterEach(() => {
  watch.close();
  vi.useRealTimers();
});

/** Both clocks move; then the timer fires. */
function tick(ms = 1_000, asleepMs = 0): void {
  monotonicMs += ms;
  bootMs += ms + asleepMs;
  vi.advanceTimersByTime(1_000);
}

test('a night asleep is noticed at the first tick, once', () => {
  tick();
  tick(1_000, 8 * 3_600_000);
  tick();
  expect(seen).toEqual([{ kind: 'slept', forMs: 28_800_000 }]);
});

test('a link that speaks before the tick is reason enough to look', () => {
  bootMs += 60_000;
  watch.check();
  tick();
  expect(seen).toEqual([{ kind: 'slept', forMs: 60_000 }]);
});

test('a process that was stopped notices, too', () => {
  tick(45_000);
  tick();
  expect(seen).toEqual([{ kind: 'stopped', forMs: 44_000 }]);
});

test('coarse clocks and busy machines are no reason', () => {
  for (const [ms, driftMs] of [
    [1_000, 10],
    [2_500, -10],
    [1_004, 250],
    [1_000, -250],
  ])
    tick(ms, driftMs);
  expect(seen).toEqual([]);
});

test('the system’s clocks: the boot clock is never behind', () => {
  expect(systemClock.bootMs()).toBeGreaterThan(0);
  expect(systemClock.bootMs() - systemClock.monotonicMs()).toBeGreaterThan(-50);
});
