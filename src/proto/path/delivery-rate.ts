/** What arrives at the other end of a path per millisecond, from the counters in its answers. */

/** Answers closer together than this are judged together: clocks and batches are too coarse for less. */
const MIN_SPAN_MS = 20;

export class DeliveryRate {
  private received = 0;
  private sentDatagrams = 0;
  private sentBytes = 0;
  private atMs = Number.NEGATIVE_INFINITY;
  /** Bytes per millisecond; 0 = not known yet. */
  bytesPerMs = 0;
  /** What left here meanwhile. */
  sentBytesPerMs = 0;
  /** What the last report that made it new added. */
  arrivedBytes = 0;

  /**
   * `received`: the peer's counter of datagrams (wraps); `sentDatagrams` (wraps) and `sentBytes`: this end's own, which give
   * the mean size. Returns true when the rate is new.
   */
  handleReport(received: number, sentDatagrams: number, sentBytes: number, now: number): boolean {
    const elapsedMs = now - this.atMs;
    if (elapsedMs < MIN_SPAN_MS) return false;
    const arrived = (received - this.received) | 0;
    const left = (sentDatagrams - this.sentDatagrams) | 0;
    const leftBytes = sentBytes - this.sentBytes;
    const meanBytes = left > 0 ? leftBytes / left : 0;
    const isFirst = this.atMs === Number.NEGATIVE_INFINITY;
    this.received = received;
    this.sentDatagrams = sentDatagrams;
    this.sentBytes = sentBytes;
    this.atMs = now;
    if (isFirst || arrived < 0) return false;
    this.arrivedBytes = arrived * meanBytes;
    this.bytesPerMs = this.arrivedBytes / elapsedMs;
    this.sentBytesPerMs = leftBytes / elapsedMs;
    return true;
  }
}
