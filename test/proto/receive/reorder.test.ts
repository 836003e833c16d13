import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SlotBudget } from '../../../src/proto/receive/order-store.ts';
import { Reorder } from '../../../src/proto/receive/reorder.ts';
import { Unit } from '../../../src/proto/receive/unit.ts';
import { IpFlags, laneFlags } from '../../../src/proto/wire/interior.ts';

const LANE = 3;
const BODY = new Uint8Array(4);

/** What comes out, in the order in which it does. */
class Bench {
  readonly out: number[] = [];
  readonly budget = new SlotBudget(1_000);
  readonly reorder = new Reorder(this.budget);
  private readonly released = new Unit();

  take(number: number, path: number, now: number, lane = LANE, flags: number = IpFlags.SPLIT): void {
    const { reorder } = this;
    if (reorder.accept(lane, number, path, now)) this.out.push(number);
    else if (!reorder.hold(this.unit(lane, number, flags), now)) {
      reorder.giveUp(lane, number);
      this.drain(lane, now);
      this.out.push(number);
      return;
    }
    this.drain(lane, now);
  }

  private unit(lane: number, number: number, flags: number): Unit {
    const unit = new Unit();
    unit.set(0, number, false, laneFlags(lane, (flags & IpFlags.SPLIT) !== 0), BODY, 0, BODY.length);
    return unit;
  }

  drain(lane: number, now: number): void {
    while (this.reorder.poll(lane, this.released, now)) this.out.push(this.released.number);
  }
}

function run(arrivals: readonly (readonly [number: number, path: number, now: number])[]): number[] {
  const bench = new Bench();
  for (const [number, path, now] of arrivals) bench.take(number, path, now);
  return bench.out;
}

describe('packets of a lane', () => {
  it('come out as they are numbered, whichever path was faster', () => {
    expect(
      run([
        [0, 0, 0],
        [1, 1, 1],
        [3, 0, 2],
        [4, 0, 2],
        [2, 1, 4],
        [5, 1, 5],
      ]),
    ).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('wait for nothing that every path has passed', () => {
    const bench = new Bench();
    for (const [number, path] of [
      [0, 0],
      [1, 1],
      [3, 0],
    ])
      bench.take(number, path, 0);
    expect(bench.out).toEqual([0, 1]);
    // Path 1 does not reorder: what it brings after 3 says that it never had 2.
    bench.take(4, 1, 1);
    expect(bench.out).toEqual([0, 1, 3, 4]);
    expect(bench.reorder.gaps).toBe(1);
  });

  it('wait for nothing when their sender kept them on one path', () => {
    const bench = new Bench();
    bench.take(0, 0, 0);
    bench.take(1, 1, 0);
    bench.take(3, 0, 1, LANE, 0);
    expect(bench.out).toEqual([0, 1, 3]);
  });

  it('wait for a path that brings its first', () => {
    const bench = new Bench();
    bench.take(0, 0, 0);
    bench.take(2, 0, 1);
    bench.take(3, 0, 2);
    bench.take(1, 1, 3);
    expect(bench.out).toEqual([0, 1, 2, 3]);
  });

  it('wait no longer than the paths differ', () => {
    const bench = new Bench();
    bench.take(0, 0, 0);
    bench.take(1, 1, 0);
    bench.take(3, 0, 10);
    const dueMs = bench.reorder.dueMs;
    expect(dueMs).toBeGreaterThan(10);
    bench.drain(LANE, dueMs - 1);
    expect(bench.out).toEqual([0, 1]);
    bench.drain(LANE, dueMs);
    expect(bench.out).toEqual([0, 1, 3]);
    expect(bench.reorder.dueMs).toBe(Number.POSITIVE_INFINITY);
  });

  it('wait no longer because one came in between that waits as well', () => {
    const bench = new Bench();
    bench.take(0, 0, 0);
    bench.take(1, 1, 0);
    bench.take(3, 0, 10);
    bench.take(7, 0, 10);
    const { dueMs } = bench.reorder;
    bench.take(5, 0, dueMs - 1);
    bench.drain(LANE, dueMs - 1);
    expect(bench.out).toEqual([0, 1]);
    // What is missing before 5 has been missing since 7 came.
    bench.drain(LANE, dueMs);
    expect(bench.out).toEqual([0, 1, 3, 5, 7]);
  });

  it('are handed on late rather than never', () => {
    const bench = new Bench();
    bench.take(0, 0, 0);
    bench.take(1, 1, 0);
    bench.take(3, 0, 10);
    bench.drain(LANE, 1_000);
    bench.take(2, 1, 1_001);
    bench.take(4, 0, 1_002);
    expect(bench.out).toEqual([0, 1, 3, 2, 4]);
    expect(bench.reorder.latePackets).toBe(1);
  });

  it('do not wait for those of another lane', () => {
    const bench = new Bench();
    bench.take(0, 0, 0);
    bench.take(1, 1, 0);
    bench.take(3, 0, 1);
    bench.take(100, 0, 1, LANE + 1);
    expect(bench.out).toEqual([0, 1, 100]);
  });

  it('may count from anywhere, and over the end of the numbers', () => {
    const from = 2 ** 31 - 2;
    const wrapped = [0, 1, 3, 2, 4].map((i) => (from + i) | 0);
    expect(run(wrapped.map((number, i) => [number, i % 2, i] as const))).toEqual(
      [0, 1, 2, 3, 4].map((i) => (from + i) | 0),
    );
  });

  it('begin anew with a sender that does', () => {
    const bench = new Bench();
    for (let i = 0; i < 100; i++) bench.take(5_000 + i, i % 2, i);
    for (let i = 0; i < 200; i++) bench.take(i, i % 2, 100 + i);
    bench.out.length = 0;
    bench.take(201, 0, 300);
    bench.take(200, 1, 301);
    expect(bench.out).toEqual([200, 201]);
  });
});

describe('what is held', () => {
  it('is bounded, and nothing is lost at the bound', () => {
    const bench = new Bench();
    bench.budget.free = 64;
    bench.take(0, 0, 0);
    bench.take(1, 1, 0);
    for (let i = 3; i < 103; i++) bench.take(i, 0, 1);
    expect(bench.reorder.held).toBeLessThanOrEqual(64);
    bench.drain(LANE, 1_000);
    expect(bench.out).toEqual([0, 1, ...Array.from({ length: 100 }, (_, i) => i + 3)]);
  });

  it('gives its memory back', () => {
    const bench = new Bench();
    bench.take(0, 0, 0);
    bench.take(1, 1, 0);
    bench.take(3, 0, 1);
    expect(bench.budget.free).toBeLessThan(1_000);
    bench.drain(LANE, 1_000);
    bench.reorder.expire(60_000);
    expect(bench.budget.free).toBe(1_000);
  });

  it('comes out once each, in order where nothing was lost, whatever two paths do', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ path: fc.nat(1), isLost: fc.boolean() }), { minLength: 1, maxLength: 300 }),
        fc.nat(60),
        fc.boolean(),
        (sent, skew, canLose) => {
          const arrivals = sent
            .map(({ path, isLost }, number) => ({
              number,
              path,
              isLost: canLose && isLost,
              at: number + path * skew,
            }))
            .filter(({ isLost }) => !isLost)
            .sort((a, b) => a.at - b.at || a.number - b.number);
          const bench = new Bench();
          for (const { number, path, at } of arrivals) bench.take(number, path, at);
          bench.drain(LANE, 10_000);
          expect([...bench.out].sort((a, b) => a - b)).toEqual(
            arrivals.map(({ number }) => number).sort((a, b) => a - b),
          );
        },
      ),
    );
  });
});
