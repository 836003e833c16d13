import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LossEstimator } from '../../../src/proto/path/loss-estimator.ts';

/** A direction of a path: counts what it sends and loses, and reports. Counters start at `base` and wrap. */
class Direction {
  readonly estimator = new LossEstimator();
  private sent: number;
  private received: number;
  private owed = 0;

  constructor(base = 0) {
    this.sent = base;
    this.received = base;
  }

  /** Loses exactly `loss` of all datagrams, spread evenly. */
  run(datagrams: number, loss: number): this {
    this.sent += datagrams;
    this.owed += datagrams * (1 - loss);
    this.received += Math.floor(this.owed);
    this.owed -= Math.floor(this.owed);
    return this;
  }

  get counters(): [sent: number, received: number] {
    return [this.sent >>> 0, this.received >>> 0];
  }

  report(late = 0): this {
    const [sent, received] = this.counters;
    this.estimator.handleReport(sent, (received - late) >>> 0);
    return this;
  }
}

describe('loss', () => {
  it('is unknown until two reports tell a difference', () => {
    const direction = new Direction(70);
    expect(direction.estimator.fraction).toBeNull();
    direction.report();
    expect(direction.estimator.fraction).toBeNull();
    direction.report();
    expect(direction.estimator.fraction).toBeNull();
    expect(direction.run(10, 0).report().estimator.fraction).toBe(0);
  });

  it('converges on the loss of the path, whatever the rate, over the wrap of the counters', () => {
    const loss = fc.double({ min: 0, max: 1, noNaN: true });
    const bases = fc.constantFrom(0, 2 ** 31 - 500, 2 ** 32 - 500);
    fc.assert(
      fc.property(loss, fc.integer({ min: 1, max: 3_000 }), bases, (share, rate, base) => {
        const direction = new Direction(base).report();
        for (let i = 0; i < 200; i++) direction.run(rate, share).report();
        expect(direction.estimator.fraction).toBeGreaterThan(share - 0.04);
        expect(direction.estimator.fraction).toBeLessThan(share + 0.04);
      }),
    );
  });

  it('follows a link that turns bad within 500 datagrams, and one that recovers', () => {
    const direction = new Direction().report();
    for (let i = 0; i < 50; i++) direction.run(50, 0).report();
    for (let i = 0; i < 10; i++) direction.run(50, 0.4).report();
    expect(direction.estimator.fraction).toBeGreaterThan(0.25);
    for (let i = 0; i < 20; i++) direction.run(50, 0).report();
    expect(direction.estimator.fraction).toBeLessThan(0.05);
  });

  it('is not made up of datagrams that were merely under way', () => {
    const direction = new Direction().report();
    for (let i = 0; i < 40; i++) direction.run(100, 0).report(i % 2 === 0 ? 30 : 0);
    direction.run(100, 0).report();
    expect(direction.estimator.fraction).toBe(0);
  });

  it('ignores reports that come late or twice', () => {
    const direction = new Direction().report();
    for (let i = 0; i < 20; i++) direction.run(50, 0.1).report();
    const stale = direction.counters;
    direction.run(50, 0.1).report();
    const before = direction.estimator.fraction;
    direction.estimator.handleReport(...stale);
    direction.report();
    expect(direction.estimator.fraction).toBe(before);
  });

  it('starts anew when the other end restarts', () => {
    const { estimator, counters } = new Direction(5_000).report().run(100, 0.5).report();
    expect(estimator.fraction).toBeCloseTo(0.5);
    estimator.handleReport((counters[0] + 100) >>> 0, 3);
    expect(estimator.fraction).toBeNull();
    estimator.handleReport((counters[0] + 200) >>> 0, 103);
    expect(estimator.fraction).toBe(0);
  });

  it('starts anew when this end restarts', () => {
    const { estimator } = new Direction(5_000).report().run(100, 0.5).report();
    for (let sent = 10; sent <= 40; sent += 10) estimator.handleReport(sent, sent);
    expect(estimator.fraction).toBe(0);
  });

  it('starts anew when more arrived than was sent', () => {
    const { estimator } = new Direction().report().run(100, 0.5).report();
    estimator.handleReport(200, 5_000);
    expect(estimator.fraction).toBeNull();
  });
});
