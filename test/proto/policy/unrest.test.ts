import { beforeEach, describe, expect, it } from 'vitest';
import { PATH_WORDS } from '../../../src/proto/packet-batch.ts';
import { Path } from '../../../src/proto/path/path.ts';
import { Alarm } from '../../../src/proto/policy/policy.ts';
import { Unrest } from '../../../src/proto/policy/unrest.ts';

const REPORT_MS = 100;
const RTT_MS = 20;

/** A path that is told each report from outside. */
class Reported {
  readonly path: Path;
  private sent = 0;
  private received = 0;

  constructor() {
    const words = new Int32Array(PATH_WORDS);
    const options = { id: 0, row: 0, words, maxMtuBytes: 1500, keepsAlive: true, interfaceName: 'if0' };
    this.path = new Path(options, 0);
    this.path.state = 'up';
    this.path.outflow.freshLoss.handleReport(0, 0);
  }

  /** Of 100 datagrams, so many are lost. */
  report(lost: number): void {
    this.sent += 100;
    this.received += 100 - lost;
    this.path.rtt.handleSample(RTT_MS);
    this.path.outflow.freshLoss.handleReport(this.sent, this.received);
  }
}

let unrest: Unrest;
let reported: Reported;
let nowMs: number;

beforeEach(() => {
  unrest = new Unrest();
  reported = new Reported();
  nowMs = 0;
});

/** Reports until `isSo`; how long that took, ms, at most `limitMs`. */
function until(isSo: () => boolean, limitMs: number, lost: () => number): number {
  const startMs = nowMs;
  while (!isSo() && nowMs - startMs < limitMs) {
    nowMs += REPORT_MS;
    reported.report(lost());
    unrest.update([reported.path], nowMs);
  }
  return nowMs - startMs;
}

const isCopying = () => unrest.level === Alarm.ALL;
const isTrying = () => unrest.level !== Alarm.ALL;

describe('copies of everything', () => {
  it('begin with loss, and end some seconds after it', () => {
    until(isCopying, 1_000, () => 5);
    expect(isCopying()).toBe(true);
    const lastedMs = until(isTrying, 60_000, () => 0);
    expect(lastedMs).toBeGreaterThanOrEqual(5_000);
    expect(lastedMs).toBeLessThan(7_000);
  });

  it('are done without now and then where they may be what fills a path, ever more rarely', () => {
    reported.path.outflow.load.isUsed = true;
    until(isCopying, 1_000, () => 5);
    for (const patienceMs of [10_000, 20_000, 40_000, 80_000, 160_000, 160_000]) {
      expect(until(isTrying, 400_000, () => 5)).toBe(patienceMs);
      expect(until(isCopying, 10_000, () => 5)).toBeLessThanOrEqual(1_000);
    }
  });

  it('are over when the path loses nothing without them', () => {
    reported.path.outflow.load.isUsed = true;
    const lost = () => (isCopying() ? 5 : 0);
    until(isCopying, 1_000, () => 5);
    until(isTrying, 20_000, lost);
    expect(until(isCopying, 60_000, lost)).toBe(60_000);
  });

  it('go on where so little is sent that it fills nothing', () => {
    until(isCopying, 1_000, () => 5);
    expect(until(isTrying, 300_000, () => 5)).toBe(300_000);
  });
});
