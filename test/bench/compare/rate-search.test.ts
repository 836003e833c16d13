import { describe, expect, it } from 'vitest';
import { type Probe, searchRate, TOLERATED_LOSS } from './rate-search.ts';

/** A sender of at most `sender` packets per second in front of a tunnel that carries `capacity`. */
function world(sender: number, capacity: number) {
  const rates: number[] = [];
  const probe = async (rate: number): Promise<Probe> => {
    rates.push(rate);
    const sentPerSecond = rate === 0 ? sender : Math.min(rate, sender);
    // Too much to do leaves less time to deliver.
    const overload = Math.max(0, sentPerSecond - capacity) / 2;
    const receivedPerSecond = Math.max(0, Math.min(sentPerSecond, capacity) - overload);
    return { sentPerSecond, receivedPerSecond, loss: 1 - receivedPerSecond / sentPerSecond };
  };
  return { probe, rates };
}

describe('the search for the highest rate', () => {
  it('ends after one probe when the sender is the limit', async () => {
    const { probe, rates } = world(100_000, 200_000);
    const { best, failed } = await searchRate(probe, 8);
    expect(best?.receivedPerSecond).toBe(100_000);
    expect(failed).toBeNull();
    expect(rates).toEqual([0]);
  });

  it.each([20_000, 33_333, 60_000, 90_000])(
    'finds a capacity of %d within five percent',
    async (capacity) => {
      const { probe, rates } = world(120_000, capacity);
      const { best } = await searchRate(probe, 10);
      expect(best?.loss).toBeLessThanOrEqual(TOLERATED_LOSS);
      expect(best?.receivedPerSecond).toBeGreaterThan(0.95 * capacity);
      expect(rates.length).toBeLessThanOrEqual(10);
    },
  );

  it('gives a rate that lost little a second chance', async () => {
    let isAccident = true;
    const { probe } = world(120_000, 60_000);
    const rates: number[] = [];
    await searchRate(async (rate) => {
      rates.push(rate);
      const result = await probe(rate);
      if (rate === 0 || !isAccident) return result;
      isAccident = false;
      return { ...result, loss: 0.01 };
    }, 4);
    expect(rates[2]).toBe(rates[1]);
  });

  it('says so when no rate passed', async () => {
    let calls = 0;
    const probe = async (rate: number) => {
      calls++;
      return { sentPerSecond: rate || 1000, receivedPerSecond: 10, loss: 0.9 };
    };
    const { best, failed } = await searchRate(probe, 3);
    expect(best).toBeNull();
    expect(calls).toBeLessThan(10);
    expect(failed?.loss).toBe(0.9);
  });
});
