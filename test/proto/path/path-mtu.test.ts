import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BASE_MTU_BYTES, MIN_MTU_BYTES, PathMtu } from '../../../src/proto/path/path-mtu.ts';

const ANSWER_MS = 100;
const RAISE_MS = 600_000;

/** A path that swallows what is larger than `mtuBytes`, and answers the rest after half the answer time. */
class Link {
  now = 0;
  probes: number[] = [];

  constructor(
    readonly mtu: PathMtu,
    public mtuBytes: number,
  ) {}

  /** Does what is due until `pathMtu` has nothing to do before `until`; true when it came to rest. */
  run(until: number, isLost = (size: number) => size > this.mtuBytes): boolean {
    for (let steps = 0; steps < 1_000; steps++) {
      const due = this.mtu.dueMs(this.now, ANSWER_MS, true);
      if (due > until) return true;
      this.now = Math.max(this.now, due);
      const size = this.mtu.poll(this.now, ANSWER_MS, true);
      if (size === 0) continue;
      this.probes.push(size);
      this.mtu.handleSent(size, this.now);
      if (isLost(size)) continue;
      this.now += ANSWER_MS / 2;
      this.mtu.handleAcked(size);
    }
    return false;
  }
}

describe('path MTU', () => {
  it('starts at 1,280, and below on a smaller interface', () => {
    expect(new PathMtu(1_500).mtuBytes).toBe(BASE_MTU_BYTES);
    expect(new PathMtu(1_000).mtuBytes).toBe(1_000);
  });

  it('needs one probe where the path takes what the interface takes', () => {
    for (const bytes of [1_281, 1_500, 9_000]) {
      const link = new Link(new PathMtu(bytes), bytes);
      expect(link.run(RAISE_MS * 3)).toBe(true);
      expect([link.mtu.mtuBytes, link.probes]).toEqual([bytes, [bytes]]);
    }
  });

  it('needs none where nothing is to be gained', () => {
    const link = new Link(new PathMtu(1_280), 1_280);
    expect(link.run(RAISE_MS * 3)).toBe(true);
    expect(link.probes).toEqual([]);
  });

  it('finds any MTU to within 4 bytes, and never takes one that is too large', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1_280, max: 9_000 }), fc.integer({ min: 1_280, max: 9_000 }), (a, b) => {
        const link = new Link(new PathMtu(Math.max(a, b)), Math.min(a, b));
        expect(link.run(100_000)).toBe(true);
        expect(link.mtu.mtuBytes).toBeLessThanOrEqual(link.mtuBytes);
        expect(link.mtu.mtuBytes).toBeGreaterThan(link.mtuBytes - 4);
        expect(link.probes.length).toBeLessThan(110);
      }),
    );
  });

  it('finds the common sizes exactly', () => {
    for (const bytes of [
      1_492, 1_480, 1_472, 1_460, 1_420, 1_400, 1_380, 1_360, 1_340, 1_320, 1_300, 1_280,
    ]) {
      const link = new Link(new PathMtu(1_500), bytes);
      expect(link.run(100_000)).toBe(true);
      expect(link.mtu.mtuBytes).toBe(bytes);
    }
  });

  it('tries a size five times before it gives it up, each after the time for an answer', () => {
    const mtu = new PathMtu(1_500);
    for (let i = 0; i < 5; i++) {
      const now = i * ANSWER_MS;
      expect(mtu.poll(now, ANSWER_MS, true)).toBe(1_500);
      expect(mtu.poll(now, ANSWER_MS, true)).toBe(1_500);
      mtu.handleSent(1_500, now);
      expect(mtu.poll(now + ANSWER_MS - 1, ANSWER_MS, true)).toBe(0);
      expect(mtu.dueMs(now, ANSWER_MS, true)).toBe(now + ANSWER_MS);
    }
    expect(mtu.poll(5 * ANSWER_MS, ANSWER_MS, true)).toBe(1_400);
  });

  it('does not take one lost probe for a small path', () => {
    const link = new Link(new PathMtu(1_500), 1_500);
    let probes = 0;
    link.run(10_000, () => ++probes < 5);
    expect(link.mtu.mtuBytes).toBe(1_500);
  });

  it('takes an answer that comes late, even after giving the size up', () => {
    const link = new Link(new PathMtu(1_500), 1_420);
    link.run(10_000);
    expect(link.mtu.mtuBytes).toBe(1_420);
    link.mtu.handleAcked(1_480);
    expect(link.mtu.mtuBytes).toBe(1_480);
    // What was found to be too big proves nothing any more.
    expect(link.mtu.poll(link.now, ANSWER_MS, true)).toBe(1_500);
    link.mtu.handleAcked(1_300);
    link.mtu.handleAcked(9_000);
    expect(link.mtu.mtuBytes).toBe(1_480);
  });

  it('tries again after ten minutes, in case the path has grown', () => {
    const link = new Link(new PathMtu(1_500), 1_400);
    link.run(10_000);
    const rested = link.now;
    link.mtuBytes = 1_500;
    link.run(rested + RAISE_MS - 1);
    expect(link.mtu.mtuBytes).toBe(1_400);
    link.run(rested + RAISE_MS + 1_000);
    expect(link.mtu.mtuBytes).toBe(1_500);
  });

  it('tries again no sooner than something crosses it', () => {
    const link = new Link(new PathMtu(1_500), 1_400);
    link.run(10_000);
    expect(link.mtu.dueMs(link.now, ANSWER_MS, false)).toBe(Number.POSITIVE_INFINITY);
    const muchLater = link.now + 10 * RAISE_MS;
    expect(link.mtu.poll(muchLater, ANSWER_MS, false)).toBe(0);
    expect(link.mtu.dueMs(muchLater, ANSWER_MS, true)).toBeLessThanOrEqual(muchLater);
    expect(link.mtu.poll(muchLater, ANSWER_MS, true)).toBe(1_500);
  });

  it('falls back to 1,280 from a black hole and searches below it', () => {
    const link = new Link(new PathMtu(1_500), 1_500);
    link.run(1_000);
    link.mtuBytes = 1_420;
    link.mtu.lower();
    expect(link.mtu.mtuBytes).toBe(BASE_MTU_BYTES);
    link.run(10_000);
    expect(link.mtu.mtuBytes).toBe(1_420);
    expect(link.probes.filter((size) => size === 1_500)).toHaveLength(1);
    link.mtuBytes = 1_500;
    link.run(30_000);
    expect(link.mtu.mtuBytes).toBe(1_500);
  });

  it('falls below 1,280 when even that does not pass, and never below 576', () => {
    const link = new Link(new PathMtu(1_280), 1_124);
    link.mtu.lower();
    expect(link.mtu.mtuBytes).toBe(MIN_MTU_BYTES);
    link.run(100_000);
    expect(link.mtu.mtuBytes).toBeGreaterThan(1_120);
    expect(link.mtu.mtuBytes).toBeLessThanOrEqual(1_124);
    link.mtu.lower();
    link.mtu.lower();
    expect(link.mtu.mtuBytes).toBe(MIN_MTU_BYTES);
  });
});
