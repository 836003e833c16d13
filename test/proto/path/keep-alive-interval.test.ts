import { beforeEach, describe, expect, it } from 'vitest';
import { KeepAliveInterval } from '../../../src/proto/path/keep-alive-interval.ts';

let interval: KeepAliveInterval;
let now = 0;

beforeEach(() => {
  interval = new KeepAliveInterval();
});

/** One idle round behind a NAT that tolerates so much silence; returns the silence tried. */
function round(toleratesMs: number): number {
  const triedMs = interval.beginTrial(0, now);
  if (triedMs === 0) {
    now += interval.intervalMs;
    return 0;
  }
  now += triedMs;
  if (triedMs < toleratesMs) interval.handleCalled(0, now);
  else {
    interval.handleMissed();
    interval.handleAnswered();
  }
  return triedMs;
}

function learn(toleratesMs: number): number {
  for (let i = 0; i < 40; i++) round(toleratesMs);
  return interval.intervalMs;
}

describe('the keep-alive interval', () => {
  it.each([
    [20_000, 15_000],
    [30_000, 25_000],
    [60_000, 40_000],
    [61_000, 60_000],
    [120_000, 115_000],
    [600_000, 115_000],
  ])('behind a NAT that forgets after %s ms becomes %s ms, and rests there', (toleratesMs, intervalMs) => {
    expect(interval.intervalMs).toBe(25_000);
    expect(learn(toleratesMs)).toBe(intervalMs);
    expect(round(toleratesMs)).toBe(0);
  });

  it('is never longer than what was proven', () => {
    for (let i = 0; i < 20; i++) {
      round(90_000);
      expect(interval.intervalMs).toBeLessThan(90_000);
    }
  });

  it('is not shortened by one lost call', () => {
    for (let i = 0; i < 3; i++) round(600_000);
    interval.beginTrial(0, now);
    interval.handleMissed();
    interval.handleAnswered();
    expect(learn(600_000)).toBe(115_000);
  });

  it('learns nothing from a silence that was none', () => {
    interval.beginTrial(5, 0);
    interval.handleCalled(6, 25_000);
    expect(interval.beginTrial(6, 25_000)).toBe(25_000);
    interval.handleCalled(6, 26_000);
    expect(interval.beginTrial(7, 26_000)).toBe(25_000);
    interval.cancel();
    interval.handleCalled(7, 60_000);
    expect(interval.intervalMs).toBe(25_000);
    expect(interval.beginTrial(7, 60_000)).toBe(25_000);
  });

  it('is not shortened by a path that is dead', () => {
    interval.beginTrial(0, 0);
    interval.handleMissed();
    interval.cancel();
    interval.handleAnswered();
    expect(learn(600_000)).toBe(115_000);
  });

  it('begins anew behind another NAT', () => {
    learn(600_000);
    interval.reset();
    expect(interval.intervalMs).toBe(25_000);
    expect(learn(30_000)).toBe(25_000);
  });
});
