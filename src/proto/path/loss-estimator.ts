/**
 * Loss in one direction of one path, from cumulative counters: what one end has sent when it probed, and what the other
 * end had received by then. Both wrap at 2^32 and start anew when their end restarts.
 */

/** Reports remember about this many datagrams: long enough for figures of 1 %, short enough to follow a link. */
const MEMORY_DATAGRAMS = 256;
/** A report weighs at least this much, so that an idle path (a datagram or two per report) forgets within a minute. */
const MIN_WEIGHT = 1 / 16;
/** So many reports in a row from behind the last one are no reordering: the counters began anew. */
const STALE_REPORTS = 3;
/** More received than sent, beyond what reordering and duplication explain: the counters do not belong together. */
const SURPLUS_DATAGRAMS = 1_024;

export class LossEstimator {
  private sent = 0;
  private received = 0;
  private hasBase = false;
  private staleReports = 0;
  private recentSent = 0;
  private recentLost = 0;

  /** `memoryDatagrams`: reports remember about so many. */
  constructor(private readonly memoryDatagrams = MEMORY_DATAGRAMS) {}

  /** 0..1, or null while nothing is known. */
  get fraction(): number | null {
    if (this.recentSent === 0) return null;
    return Math.min(1, Math.max(0, this.recentLost / this.recentSent));
  }

  /** Lost datagrams within memory, the older the less. */
  get lost(): number {
    return this.recentLost;
  }

  /** As `handleReport`, but nothing is judged: what was lost has a known cause. */
  skipReport(sent: number, received: number): void {
    if (((sent - this.sent) | 0) > 0 || !this.hasBase) this.rebase(sent, received);
  }

  /** What was lost so far has a known cause. */
  forget(): void {
    this.recentSent = 0;
    this.recentLost = 0;
  }

  /** The counters (uint32) as one report gives them; reports may be reordered or repeated. */
  handleReport(sent: number, received: number): void {
    const sentSince = (sent - this.sent) | 0;
    const receivedSince = (received - this.received) | 0;
    if (!this.hasBase) {
      this.rebase(sent, received);
    } else if (sentSince <= 0) {
      if (sentSince < 0 && ++this.staleReports >= STALE_REPORTS) this.restart(sent, received);
    } else if (receivedSince < 0 || receivedSince > sentSince + SURPLUS_DATAGRAMS) {
      this.restart(sent, received);
    } else {
      // Stragglers of the report before make this negative: over the sums it evens out.
      this.account(sentSince, sentSince - receivedSince);
      this.rebase(sent, received);
    }
  }

  private account(sent: number, lost: number): void {
    const keep = 1 - Math.max(MIN_WEIGHT, sent / (this.memoryDatagrams + sent));
    this.recentSent = this.recentSent * keep + sent;
    this.recentLost = this.recentLost * keep + lost;
  }

  private rebase(sent: number, received: number): void {
    this.sent = sent;
    this.received = received;
    this.hasBase = true;
    this.staleReports = 0;
  }

  private restart(sent: number, received: number): void {
    this.forget();
    this.rebase(sent, received);
  }
}
