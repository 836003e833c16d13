/** What becomes of what leaves over one path, by the answers to its probes: loss, rate, and how much more it takes. */
import { CopyBudget } from './copy-budget.ts';
import { DeliveryRate } from './delivery-rate.ts';
import { LossEstimator } from './loss-estimator.ts';
import { PathLoad } from './path-load.ts';
import type { PathRow } from './path-row.ts';

/** Of the loss that calls for copies: at 5 % and 250 packets a second it shows within half a second. */
const FRESH_DATAGRAMS = 128;
/** Of a new path, that are no more than a base for those that follow. */
const UNJUDGED_REPORTS = 2;

export class Outflow {
  readonly loss = new LossEstimator();
  /** Loss that a full path does not explain, of short memory. */
  readonly freshLoss = new LossEstimator(FRESH_DATAGRAMS);
  budget = new CopyBudget();
  load = new PathLoad();
  private readonly delivery = new DeliveryRate();
  /** Of earlier budgets. */
  private surplusBefore = 0;
  private reports = 0;

  constructor(private readonly row: PathRow) {}

  /** What arrives at the other end; 0 = unknown or nothing. */
  get bytesPerSecond(): number {
    return 1_000 * this.delivery.bytesPerMs;
  }

  /** Copies that did not fit. */
  get surplusCopies(): number {
    return this.surplusBefore + this.budget.surplusCopies;
  }

  /** The path is asked from the beginning: what it takes may have changed. */
  reset(): void {
    this.surplusBefore += this.budget.surplusCopies;
    this.budget = new CopyBudget();
    this.load = new PathLoad();
  }

  /** An answer's counters (uint32): `sent` is this end's as of the probe, `received` the peer's; `rttMs` of the latest answer. */
  handleReport(sent: number, received: number, rttMs: number | null, now: number): void {
    // What left in one breath with the first question is neither in its count nor, before the path was known there, in the peer's.
    const isJudged = this.reports++ >= UNJUDGED_REPORTS;
    if (isJudged) this.loss.handleReport(sent, received);
    else this.loss.skipReport(sent, received);
    if (rttMs === null) return;
    const { row, delivery } = this;
    if (delivery.handleReport(received, row.sentDatagrams, row.sentBytes, now)) {
      this.budget.handleReport(rttMs, delivery.sentBytesPerMs, delivery.bytesPerMs, now);
      this.load.handleDelivery(delivery.arrivedBytes, row.sentBytes, now);
    }
    if (this.load.explainsLoss || !isJudged) this.freshLoss.skipReport(sent, received);
    else this.freshLoss.handleReport(sent, received);
  }
}
