/** What holds for the estimators of a path whatever the network does. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CopyBudget } from '../../../src/proto/path/copy-budget.ts';
import { RttEstimator } from '../../../src/proto/path/rtt-estimator.ts';

describe('round-trip time', () => {
  it('stays within what was measured, and its variation within their spread', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(60_000), { minLength: 1, maxLength: 200 }), (samples) => {
        const rtt = new RttEstimator();
        for (const sample of samples) rtt.handleSample(sample);
        const [least, most] = [Math.min(...samples), Math.max(...samples)];
        const slackMs = 1e-9 * most;
        expect(rtt.latestMs).toBe(samples.at(-1));
        expect(rtt.minMs).toBe(least);
        expect(rtt.smoothedMs).toBeGreaterThanOrEqual(least - slackMs);
        expect(rtt.smoothedMs).toBeLessThanOrEqual(most + slackMs);
        // RFC 6298 §2.2 starts with half of the first one.
        expect(rtt.variationMs).toBeGreaterThanOrEqual(0);
        expect(rtt.variationMs).toBeLessThanOrEqual(Math.max(most - least, samples[0] / 2) + slackMs);
      }),
      { numRuns: 100 },
    );
  });
});

describe('the copy budget', () => {
  /** What may leave at once over a path that nothing is known of. */
  const FIRST_BURST_BYTES = 20_480;
  /** 32 kbit/s, bytes per millisecond. */
  const LEAST_RATE = 4;

  const offers = fc.record({
    kind: fc.constant('offer' as const),
    bytes: fc.integer({ min: 1, max: 1_500 }),
  });
  const pauses = fc.record({
    kind: fc.constant('pause' as const),
    ms: fc.nat(3),
  });
  const reports = fc.record({
    kind: fc.constant('report' as const),
    rttMs: fc.nat(3_000),
    sentPerMs: fc.nat(20_000),
    deliveredPerMs: fc.oneof(fc.nat(20), fc.nat(20_000)),
  });
  const happenings = fc.array(
    fc.oneof(
      { weight: 30, arbitrary: offers },
      { weight: 10, arbitrary: pauses },
      { weight: 1, arbitrary: reports },
    ),
    { minLength: 50, maxLength: 250 },
  );

  it('lets no more pass than a burst and what the rate allows in the time, and counts the rest', () => {
    fc.assert(
      fc.property(happenings, (list) => {
        const budget = new CopyBudget();
        let now = 0;
        let refused = 0;
        let roomBytes = FIRST_BURST_BYTES;
        let leastRoomBytes = roomBytes;
        let leastRate = budget.rate;
        // Since the last offer the higher rate may have counted all the time.
        let since = { ms: 0, rate: budget.rate };
        for (const each of list) {
          if (each.kind === 'pause') now += each.ms;
          else if (each.kind === 'report')
            budget.handleReport(each.rttMs, each.sentPerMs, each.deliveredPerMs, now);
          else {
            if (now > since.ms) roomBytes += (now - since.ms) * since.rate;
            since = { ms: now, rate: budget.rate };
            if (budget.take(each.bytes, now)) roomBytes -= each.bytes;
            else refused++;
          }
          since.rate = Math.max(since.rate, budget.rate);
          leastRoomBytes = Math.min(leastRoomBytes, roomBytes);
          leastRate = Math.min(leastRate, budget.rate);
        }
        expect(leastRoomBytes).toBeGreaterThanOrEqual(-1e-6);
        expect(leastRate).toBeGreaterThanOrEqual(LEAST_RATE);
        expect(budget.surplusCopies).toBe(refused);
      }),
      { numRuns: 100 },
    );
  });

  it('lets something small pass sooner or later, however bad the reports', () => {
    fc.assert(
      fc.property(fc.array(reports, { maxLength: 100 }), (list) => {
        const budget = new CopyBudget();
        let now = 0;
        for (const { rttMs, sentPerMs, deliveredPerMs } of list) {
          now += 250;
          budget.handleReport(rttMs, sentPerMs, deliveredPerMs, now);
        }
        expect(budget.take(100, now + 1_000)).toBe(true);
      }),
    );
  });
});
