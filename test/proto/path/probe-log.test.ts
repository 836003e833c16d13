import { describe, expect, it } from 'vitest';
import { ProbeLog } from '../../../src/proto/path/probe-log.ts';

describe('probe log', () => {
  it('settles a probe and everything older', () => {
    const log = new ProbeLog();
    for (let i = 0; i < 4; i++) log.add(i, i, 0, 100 * i);
    expect(log.unanswered).toBe(4);
    expect(log.settle(2, 2)).toBe(200);
    expect(log.unanswered).toBe(1);
    expect(log.oldestMs()).toBe(300);
    expect(log.settle(1, 1)).toBe(-1);
  });

  it('takes an answer once', () => {
    const log = new ProbeLog();
    log.add(1, 2, 0, 5);
    expect(log.settle(1, 2)).toBe(5);
    expect(log.settle(1, 2)).toBe(-1);
    expect(log.oldestMs()).toBe(Number.POSITIVE_INFINITY);
  });

  it('knows tokens by both words', () => {
    const log = new ProbeLog();
    log.add(1, 2, 0, 5);
    expect(log.settle(1, 3)).toBe(-1);
    expect(log.settle(0, 2)).toBe(-1);
  });

  it('does not hold size probes against the path', () => {
    const log = new ProbeLog();
    log.add(1, 1, 1500, 5);
    expect(log.unanswered).toBe(0);
    expect(log.oldestMs()).toBe(Number.POSITIVE_INFINITY);
    expect(log.settle(1, 1)).toBe(5);
    expect(log.settledSizeBytes).toBe(1500);
  });

  it('is bounded: the oldest probe gives way', () => {
    const log = new ProbeLog();
    for (let i = 0; i < 100; i++) log.add(i, i, 0, i);
    expect(log.settle(0, 0)).toBe(-1);
    expect(log.settle(99, 99)).toBe(99);
  });

  it('knows since when nothing was answered, though it holds the questions no more', () => {
    const log = new ProbeLog();
    for (let i = 0; i < 100; i++) log.add(i, i, 0, 7 + i);
    expect(log.oldestMs()).toBe(7);
    log.settle(98, 98);
    expect(log.oldestMs()).toBe(106);
    for (let i = 100; i < 200; i++) log.add(i, i, 0, 7 + i);
    log.clear();
    expect(log.oldestMs()).toBe(Number.POSITIVE_INFINITY);
  });
});
