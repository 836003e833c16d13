import { describe, expect, it } from 'vitest';
import { PATH_WORDS } from '../../../src/proto/packet-batch.ts';
import { Path } from '../../../src/proto/path/path.ts';
import type { PathState } from '../../../src/proto/path/path-state.ts';
import { Alarm, type PolicyName, policyNamed } from '../../../src/proto/policy/policy.ts';
import { candidates, rank } from '../../../src/proto/policy/ranking.ts';

interface Known {
  readonly state?: PathState;
  readonly rttMs?: number;
  /** Fraction of a thousand datagrams. */
  readonly loss?: number;
  readonly isBackup?: boolean;
  readonly isExhausted?: boolean;
}

function paths(...known: Known[]): Path[] {
  return known.map(({ state = 'up', rttMs = 20, loss = 0, isBackup = false, isExhausted = false }, id) => {
    const words = new Int32Array(8 * PATH_WORDS);
    const options = { id, row: id, words, maxMtuBytes: 1500, keepsAlive: true, interfaceName: `if${id}` };
    const path = new Path(options, 0);
    path.state = state;
    path.outflow.load.handleRtt(rttMs, 0, 0);
    path.outflow.loss.handleReport(0, 0);
    path.outflow.loss.handleReport(1_000, 1_000 - 1_000 * loss);
    return Object.assign(path, { isBackup, isExhausted });
  });
}

function choose(name: PolicyName, known: Known[], alarm: Alarm = Alarm.NONE, holder: number | null = null) {
  const all = paths(...known);
  const ranked = rank(candidates(all), holder === null ? null : all[holder]);
  return policyNamed(name).choose({ paths: ranked, alarm });
}

const FAST = { rttMs: 20 };
const SLOW = { rttMs: 60 };

describe('redundant', () => {
  it('copies every packet over every usable path', () => {
    expect(choose('redundant', [FAST, { state: 'suspect' }, { state: 'down' }, SLOW]).copies).toBe(0b1011);
  });
});

describe('failover', () => {
  it('uses the fastest path alone', () => {
    expect(choose('failover', [SLOW, FAST])).toMatchObject({ copies: 0b10, spread: 0 });
  });

  it('copies over the next one while the best is suspect, and leaves it at once', () => {
    expect(choose('failover', [{ state: 'suspect' }, SLOW], Alarm.NONE, 0).copies).toBe(0b10);
    expect(choose('failover', [{ state: 'suspect' }, { state: 'suspect' }]).copies).toBe(0b11);
  });

  it('stays with its path unless another is clearly better', () => {
    expect(choose('failover', [{ rttMs: 22 }, { rttMs: 20 }], Alarm.NONE, 0).copies).toBe(0b01);
    expect(choose('failover', [{ rttMs: 40 }, { rttMs: 20 }], Alarm.NONE, 0).copies).toBe(0b10);
  });

  it('prefers a slow path to a lossy one', () => {
    expect(choose('failover', [{ rttMs: 20, loss: 0.2 }, SLOW], Alarm.NONE, 0).copies).toBe(0b10);
  });
});

describe('bond', () => {
  it('spreads over all that are up, and gives a suspect path nothing', () => {
    expect(choose('bond', [FAST, SLOW, { state: 'suspect' }])).toMatchObject({ copies: 0, spread: 0b011 });
  });

  it('carries on over one path alone, and over all when all are suspect', () => {
    expect(choose('bond', [FAST, { state: 'down' }])).toMatchObject({ copies: 0b01, spread: 0 });
    expect(choose('bond', [{ state: 'suspect' }, { state: 'suspect' }])).toMatchObject({
      copies: 0b11,
      spread: 0,
    });
  });

  it('goes by flow where that is asked for', () => {
    expect(choose('bond-flows', [FAST, SLOW])).toMatchObject({ spread: 0b11, byFlow: true });
  });
});

describe('auto', () => {
  it('is bond while the paths are clean', () => {
    expect(choose('auto', [FAST, SLOW])).toEqual(choose('bond', [FAST, SLOW]));
  });

  it('copies small packets first, then all', () => {
    expect(choose('auto', [FAST, SLOW], Alarm.SMALL)).toMatchObject({ spread: 0b11, smallCopies: 0b11 });
    expect(choose('auto', [FAST, SLOW], Alarm.ALL)).toMatchObject({ copies: 0b11, spread: 0 });
  });
});

describe('a backup path', () => {
  it('carries nothing while another is up', () => {
    for (const name of ['redundant', 'failover', 'bond', 'auto'] as const)
      expect(choose(name, [SLOW, { rttMs: 5, isBackup: true }]).copies).toBe(0b01);
  });

  it('helps while the others are suspect, and stands in when they are down', () => {
    expect(choose('redundant', [{ state: 'suspect' }, { isBackup: true }]).copies).toBe(0b11);
    expect(choose('failover', [{ state: 'suspect' }, { isBackup: true }]).copies).toBe(0b10);
    expect(choose('bond', [{ state: 'down' }, { isBackup: true }]).copies).toBe(0b10);
  });
});

describe('a path whose budget is used up', () => {
  it('carries nothing, even when it is the only one', () => {
    expect(choose('redundant', [FAST, { isExhausted: true }]).copies).toBe(0b01);
    expect(choose('failover', [{ state: 'down' }, { isExhausted: true }])).toMatchObject({
      copies: 0,
      spread: 0,
    });
  });
});
