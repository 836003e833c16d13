/** What arrives over one path, and what the peer's probes tell of it: loss, rate and delay on the way in. */
import { DelayTrend, stampUs } from './delay-trend.ts';
import { DeliveryRate } from './delivery-rate.ts';
import { LossEstimator } from './loss-estimator.ts';

export class Inflow {
  /** Second copies included, and what was dropped before it was opened. */
  datagrams = 0;
  /** UDP payload. */
  bytes = 0;
  duplicates = 0;
  /** Datagrams of which no other path had brought a copy. */
  firsts = 0;
  readonly loss = new LossEstimator();
  /** How much longer what arrives is under way than at best. */
  readonly delay = new DelayTrend();
  private readonly rate = new DeliveryRate();
  /** As of the peer's last probe. */
  private peerSent = 0;
  private reportedDatagrams = 0;
  private missingDatagrams = 0;

  /** A datagram of `bytes`. */
  count(bytes: number): void {
    this.datagrams++;
    this.bytes += bytes;
  }

  /** 0 = unknown or nothing. */
  get bytesPerSecond(): number {
    return 1_000 * this.rate.bytesPerMs;
  }

  /** Datagrams that left at the other end and did not arrive. */
  get lostDatagrams(): number {
    return Math.max(0, this.missingDatagrams);
  }

  /** The peer's probe: so many datagrams it had sent over this path (uint32), and when by its clock. */
  handleReport(sent: number, stampMicros: number, now: number): void {
    this.delay.handleStamps(stampMicros, stampUs(now), now);
    this.rate.handleReport(this.datagrams, this.datagrams, this.bytes, now);
    this.loss.handleReport(sent, this.datagrams);
    const sentSince = (sent - this.peerSent) | 0;
    // Otherwise the peer has begun to count anew.
    if (sentSince >= 0 && this.peerSent !== 0)
      this.missingDatagrams += sentSince - (this.datagrams - this.reportedDatagrams);
    this.peerSent = sent;
    this.reportedDatagrams = this.datagrams;
  }
}
