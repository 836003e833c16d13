import { describe, expect, it } from 'vitest';
import { LinkModel } from './link-model.ts';
import type { LinkSettings } from './link-settings.ts';
import { seededRandom } from './random.ts';

function modelOf(settings: Partial<LinkSettings>, seed = 7): LinkModel {
  const model = new LinkModel(seededRandom(seed));
  model.change(settings);
  return model;
}

/** Offers `count` frames of 1,000 bytes, one each `everyMs`; arrivals in the order of sending, null = lost. */
function offerMany(model: LinkModel, count: number, everyMs: number): (number | null)[] {
  return Array.from({ length: count }, (_, index) =>
    model.offer(index * everyMs, 1000) > 0 ? model.arrivals[0] : null,
  );
}

describe('a link in one direction', () => {
  it('delays each packet, and jitter never changes the order', () => {
    const arrivals = offerMany(modelOf({ delayMs: 20, jitterMs: 15 }), 1000, 1) as number[];
    for (const [index, arrival] of arrivals.entries()) {
      expect(arrival).toBeGreaterThanOrEqual(index + 20);
      expect(arrival).toBeLessThanOrEqual(index + 35);
      expect(arrival).toBeGreaterThanOrEqual(arrivals[Math.max(0, index - 1)]);
    }
    expect(new Set(arrivals.map((arrival, index) => (arrival - index).toFixed(1))).size).toBeGreaterThan(50);
  });

  it('loses its share, each packet on its own', () => {
    const model = modelOf({ loss: 0.3 });
    const lost = offerMany(model, 20_000, 1).map((arrival) => arrival === null);
    const share = lost.filter(Boolean).length / lost.length;
    expect(share).toBeGreaterThan(0.287);
    expect(share).toBeLessThan(0.313);
    const pairs = lost.filter((isLost, index) => isLost && lost[index + 1]).length / lost.length;
    expect(pairs).toBeGreaterThan(0.08);
    expect(pairs).toBeLessThan(0.1);
    expect(model.counters.lost).toBe(lost.filter(Boolean).length);
  });

  it('loses in bursts of the mean length asked for', () => {
    const lost = offerMany(modelOf({ burstEnter: 0.01, burstLeave: 0.1 }), 100_000, 1).map((a) => a === null);
    const bursts = lost.filter((isLost, index) => isLost && !lost[index - 1]).length;
    const mean = lost.filter(Boolean).length / bursts;
    expect(mean).toBeGreaterThan(9);
    expect(mean).toBeLessThan(11);
  });

  it('sends at its rate and drops what its queue cannot hold', () => {
    // 8 Mbit/s is one frame of 1,000 bytes per millisecond; twice as many are offered.
    const model = modelOf({ rateBitsPerSecond: 8e6, queueBytes: 10_000 });
    const arrivals = offerMany(model, 1000, 0.5);
    const delivered = arrivals.filter((arrival) => arrival !== null);
    expect(delivered.length).toBeGreaterThanOrEqual(500);
    expect(delivered.length).toBeLessThanOrEqual(511);
    expect(model.counters.queueDropped).toBe(1000 - delivered.length);
    const waits = arrivals.map((arrival, index) => (arrival === null ? 0 : arrival - index * 0.5));
    expect(Math.max(...waits)).toBeLessThanOrEqual(10);
  });

  it('delivers copies and lets some packets be overtaken', () => {
    const model = modelOf({ duplicate: 0.2, reorder: 0.1, reorderMs: 5 });
    let copies = 0;
    const arrivals = Array.from({ length: 5000 }, (_, index) => {
      copies += model.offer(index, 100);
      return model.arrivals[0];
    });
    expect(copies / 5000).toBeGreaterThan(1.18);
    expect(copies / 5000).toBeLessThan(1.22);
    const overtaken = arrivals.filter((arrival, index) => arrival > (arrivals[index + 1] ?? arrival)).length;
    expect(overtaken / 5000).toBeGreaterThan(0.07);
    expect(overtaken / 5000).toBeLessThan(0.11);
  });

  it('swallows what is larger than its MTU, and everything while it is a black hole', () => {
    const model = modelOf({ mtuBytes: 1280 });
    expect(model.offer(0, 1280 + 14)).toBe(1);
    expect(model.offer(0, 1281 + 14)).toBe(0);
    model.change({ blackhole: true });
    expect(model.offer(0, 60)).toBe(0);
    model.change({ blackhole: false });
    expect(model.offer(0, 60)).toBe(1);
    expect(model.counters).toMatchObject({ offered: 4, tooLarge: 1, blackholed: 1 });
  });

  it('throws the same dice for the same seed', () => {
    const run = (seed: number) => offerMany(modelOf({ loss: 0.5, jitterMs: 9 }, seed), 200, 1);
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
  });
});
