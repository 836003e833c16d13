import { describe, expect, it } from 'vitest';
import { PLAIN_LINK, parseLinkSettings } from './link-settings.ts';
import { netemWords } from './netem.ts';

describe('link settings in words', () => {
  it('reads numbers, scales, switches and short names', () => {
    expect(parseLinkSettings(['delay=20', 'loss=0.3', 'rate=1.5M', 'blackhole=on', 'mtu=1280'])).toEqual({
      delayMs: 20,
      loss: 0.3,
      rateBitsPerSecond: 1_500_000,
      blackhole: true,
      mtuBytes: 1280,
    });
  });

  it('names every word that makes no sense', () => {
    expect(() => parseLinkSettings(['los=0.3', 'delay=fast', 'loss=30', 'blackhole=maybe'])).toThrow(
      /los: unknown(.|\n)*delay: "fast"(.|\n)*loss: expected 0 … 1, got 30(.|\n)*blackhole: "maybe"/,
    );
  });
});

describe('the same for netem', () => {
  it('turns settings into arguments', () => {
    const settings = { ...PLAIN_LINK, delayMs: 20, jitterMs: 5, loss: 0.3, duplicate: 0.01, reorder: 0.25 };
    expect(netemWords(settings).join(' ')).toBe(
      'limit 16384 delay 20ms 5ms loss 30% duplicate 1% reorder 25%',
    );
    expect(netemWords({ ...PLAIN_LINK, blackhole: true }).join(' ')).toBe('limit 16384 loss 100%');
    expect(netemWords({ ...PLAIN_LINK, burstEnter: 0.01, rateBitsPerSecond: 5e6 }).join(' ')).toBe(
      'limit 16384 loss gemodel 1% 25% rate 5000000bit',
    );
  });

  it('says what netem cannot do', () => {
    expect(() => netemWords({ ...PLAIN_LINK, mtuBytes: 1280 })).toThrow(/cannot drop by size/);
  });
});
