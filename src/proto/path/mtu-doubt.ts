/**
 * Whether a path still takes the large datagrams that it took: a router on the way may have changed, and no ICMP tells. A report
 * that lacks datagrams while large ones were sent is a reason to ask: some probes of full size in a row, and an ordinary one
 * beside them. If the path answers the small one and none of the large ones, large datagrams fall into a black hole.
 *
 *   at rest ──datagrams missing──▶ asking ──one of full size answered──▶ at rest for REST_MS
 *                                    └──all overdue──▶ over: the path decides by the small one
 */
/** All get lost by chance once in 21,000 doubts where 10 % are lost each way, in 57 at 30 %; the search comes back to such a size soon. */
const PROBES = 6;
/** Apart by so much, as losses come in bursts. */
const SPACING_MS = 15;
/** A lossy path gives reasons all the time. */
const REST_MS = 500;
/** A report without at least one datagram of about this size says nothing about large ones. */
const LARGE_BYTES = 1_000;

export class MtuDoubt {
  /** When the doubt began; Infinity = at rest. */
  private sinceMs = Number.POSITIVE_INFINITY;
  private sent = 0;
  private sentMs = 0;
  private restUntilMs = Number.NEGATIVE_INFINITY;
  private reportedSent = 0;
  private reportedReceived = 0;
  private reportedBytes = 0;

  get isOpen(): boolean {
    return this.sinceMs !== Number.POSITIVE_INFINITY;
  }

  /**
   * `sent`, `received`: uint32 counters as in an answer to a probe; `largeBytes`: what had left in large datagrams before that probe.
   * True = doubt begins; an ordinary probe should leave as well.
   */
  handleReport(sent: number, received: number, largeBytes: number, now: number): boolean {
    const missing = ((sent - this.reportedSent) | 0) - ((received - this.reportedReceived) | 0);
    const hadLarge = largeBytes - this.reportedBytes >= LARGE_BYTES;
    this.reportedSent = sent;
    this.reportedReceived = received;
    this.reportedBytes = largeBytes;
    return missing > 0 && hadLarge && this.begin(now);
  }

  /** There is a reason; true = doubt begins. */
  begin(now: number): boolean {
    if (this.isOpen || now < this.restUntilMs) return false;
    this.beginAgain(now);
    return true;
  }

  /** Of another size now. */
  beginAgain(now: number): void {
    this.sinceMs = now;
    this.sent = 0;
  }

  /** When `isDue` or `isOver` has to be asked next. */
  dueMs(answerMs: number): number {
    if (!this.isOpen) return Number.POSITIVE_INFINITY;
    if (this.sent === 0) return this.sinceMs;
    return this.sentMs + (this.sent < PROBES ? SPACING_MS : answerMs);
  }

  /** A probe of full size should leave now. */
  isDue(now: number): boolean {
    return this.isOpen && this.sent < PROBES && (this.sent === 0 || now - this.sentMs >= SPACING_MS);
  }

  handleSent(now: number): void {
    this.sent++;
    this.sentMs = now;
  }

  /** True when all answers are overdue. */
  isOver(now: number, answerMs: number): boolean {
    return this.isOpen && this.sent === PROBES && now - this.sentMs >= answerMs;
  }

  /** The doubt ends; returns when it began. */
  end(now: number): number {
    const { sinceMs } = this;
    this.sinceMs = Number.POSITIVE_INFINITY;
    this.restUntilMs = now + REST_MS;
    return sinceMs;
  }
}
