import { describe, expect, it } from 'vitest';
import { LinkHealth } from './darkness.ts';
import { composeRide, FULL_PACE, SHORT_PACE } from './script.ts';

describe('the script of a ride', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(composeRide(4, FULL_PACE)).toEqual(composeRide(4, FULL_PACE));
    expect(composeRide(4, FULL_PACE)).not.toEqual(composeRide(5, FULL_PACE));
  });

  it('takes five minutes, one of them dark, and ends with both links alive', () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      for (const pace of [FULL_PACE, SHORT_PACE]) {
        const acts = composeRide(seed, pace);
        const health = new LinkHealth(['wifi', 'lte']);
        const dead = new Set<string>();
        let startMs = 0;
        for (const { steps, lengthMs } of acts) {
          for (const { atMs, link, event } of steps) {
            const isDeath = ['unplugged', 'switched off', 'blackholed'].includes(event);
            if (isDeath) health.handleDead(link, startMs + atMs);
            else health.handleAlive(link, false, startMs + atMs);
            if (isDeath) dead.add(link);
            else dead.delete(link);
          }
          startMs += lengthMs;
        }
        const darkest = Math.max(...health.darkness.map(({ fromMs, untilMs }) => untilMs - fromMs));
        expect(darkest).toBe(pace.darkMs);
        expect(startMs).toBeGreaterThanOrEqual(pace.lengthMs);
        expect(startMs).toBeLessThan(Math.max(40_000, pace.lengthMs + 20_000));
        expect([...dead]).toEqual([]);
      }
    }
  });
});
