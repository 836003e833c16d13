/**
 * Probes under way on one path, oldest first. An answer settles its probe and all older ones: what was sent before an
 * answered probe and is still unanswered is lost, not late.
 */
const CAPACITY = 32;

interface Sent {
  /** The token, two int32 words. */
  readonly high: number;
  readonly low: number;
  readonly sentMs: number;
  /** Outer packet size that the probe tests, 0 = an ordinary probe. */
  readonly sizeBytes: number;
  /** What the caller had counted when the probe left: handed over to the path, and sent in large datagrams. */
  readonly committedBytes: number;
  readonly largeBytes: number;
}

/** Of all logs that are empty. */
const NOTHING: Sent[] = [];

export class ProbeLog {
  /** A path at rest has none or one under way. */
  private sent: Sent[] = NOTHING;
  /** When the oldest unanswered ordinary probe left that found no room here any more; Infinity = none. */
  private forgottenMs = Number.POSITIVE_INFINITY;
  /** Size of the probe that `settle` found last. */
  settledSizeBytes = 0;
  /** What was counted when that probe left. */
  settledCommittedBytes = 0;
  settledLargeBytes = 0;
  /** Probes sent since the last answer. */
  unanswered = 0;

  /** When the oldest unanswered ordinary probe left; Infinity = all answered. */
  oldestMs(): number {
    if (this.forgottenMs !== Number.POSITIVE_INFINITY) return this.forgottenMs;
    for (const probe of this.sent) if (probe.sizeBytes === 0) return probe.sentMs;
    return Number.POSITIVE_INFINITY;
  }

  /** A token of two int32 words; the oldest probe is forgotten when the log is full. */
  add(high: number, low: number, sizeBytes: number, now: number, committedBytes = 0, largeBytes = 0): void {
    const probe = { high, low, sentMs: now, sizeBytes, committedBytes, largeBytes };
    if (this.sent.length === 0) this.sent = [probe];
    else this.sent.push(probe);
    if (this.sent.length > CAPACITY) this.forgetOldest();
    // A size probe that is lost says something about the size, not about the path.
    if (sizeBytes === 0) this.unanswered++;
  }

  /** When the probe with this token left, or -1 when there is none: then the answer proves nothing. */
  settle(high: number, low: number): number {
    const at = this.sent.findIndex((probe) => probe.high === high && probe.low === low);
    if (at < 0) return -1;
    const { sentMs, sizeBytes, committedBytes, largeBytes } = this.sent[at];
    this.settledSizeBytes = sizeBytes;
    this.settledCommittedBytes = committedBytes;
    this.settledLargeBytes = largeBytes;
    this.keepFrom(at + 1);
    this.forgottenMs = Number.POSITIVE_INFINITY;
    this.unanswered = this.countOrdinary();
    return sentMs;
  }

  /** An answer to what left before that proves nothing any more. */
  forgetBefore(ms: number): void {
    this.keepFrom(this.sent.findIndex((probe) => probe.sentMs >= ms));
    this.forgottenMs = Number.POSITIVE_INFINITY;
    this.unanswered = this.countOrdinary();
  }

  clear(): void {
    this.sent = NOTHING;
    this.forgottenMs = Number.POSITIVE_INFINITY;
    this.unanswered = 0;
  }

  /** `at` -1 or behind the last: none. */
  private keepFrom(at: number): void {
    this.sent = at < 0 || at >= this.sent.length ? NOTHING : this.sent.slice(at);
  }

  /** Its answer is not known any more, its silence is. */
  private forgetOldest(): void {
    const [oldest] = this.sent.splice(0, 1);
    if (oldest.sizeBytes === 0) this.forgottenMs = Math.min(this.forgottenMs, oldest.sentMs);
  }

  private countOrdinary(): number {
    let ordinary = 0;
    for (const probe of this.sent) if (probe.sizeBytes === 0) ordinary++;
    return ordinary;
  }
}
