/**
 * The client's account of one metered path: what crossed it both ways against what its owner allows. Main extends the limit
 * while the budget lasts, so it hears when half of an extension is used.
 *
 * Each end is given half of what is left, less what the server may have sent of its last share when the new one reaches it. What
 * arrives within a round trip of a share may have been sent before it, and counts against nothing.
 */

/** Kept back for probes and goodbyes. */
const RESERVE_BYTES = 8_192;
/** New shares when a quarter of the last ones is used. */
const SHARE_WHEN_LEFT = 3 / 4;
const MIN_SHARE_INTERVAL_MS = 50;
/** Not worth a message of their own: three packets. */
const MIN_SHARE_BYTES = 4_500;
/** A path that has no more than this is used up. */
const USED_UP_BYTES = RESERVE_BYTES + 2 * MIN_SHARE_BYTES;
/** Zero would mean that the budget is used up. */
const TAKEN_BACK_BYTES = 1;
const SETTLED_AFTER_RTTS = 1.5;
/** What the server sent of its share and was lost never shows here: after so long it is told anew what it has. */
const SHARE_AGAIN_MS = 1_000;

/** `share`: so many bytes for each end; `spent`: main wants to know. */
export type MeterTask = { kind: 'none' } | { kind: 'share'; bytes: number } | { kind: 'used-up' };

const NONE: MeterTask = { kind: 'none' };
const USED_UP: MeterTask = { kind: 'used-up' };

export class Meter {
  private limitBytes = Number.POSITIVE_INFINITY;
  private reportAtBytes = Number.POSITIVE_INFINITY;
  private sharedBytes = Number.POSITIVE_INFINITY;
  private sharedMs = Number.NEGATIVE_INFINITY;
  /** The server's last share, and what had come from there a round trip later; -1 = not so late yet. */
  private serverShareBytes = 0;
  private settledBytes = -1;

  get isLimited(): boolean {
    return this.limitBytes !== Number.POSITIVE_INFINITY;
  }

  /** `limitBytes` and `spentBytes` count since the path was opened; undefined = no limit. */
  setLimit(limitBytes: number | undefined, spentBytes: number): void {
    this.limitBytes = limitBytes ?? Number.POSITIVE_INFINITY;
    this.reportAtBytes = (spentBytes + this.limitBytes) / 2;
    this.sharedBytes = Number.POSITIVE_INFINITY;
  }

  /** The next `poll` shares, however little was used. */
  shareAgain(): void {
    this.sharedBytes = Number.POSITIVE_INFINITY;
    this.sharedMs = Number.NEGATIVE_INFINITY;
    this.serverShareBytes = 0;
  }

  leftBytes(spentBytes: number): number {
    return Math.max(0, this.limitBytes - spentBytes);
  }

  /** Once each time that main has to hear of it. */
  wantsReport(spentBytes: number): boolean {
    if (spentBytes < this.reportAtBytes) return false;
    this.reportAtBytes =
      this.leftBytes(spentBytes) > USED_UP_BYTES
        ? (spentBytes + this.limitBytes) / 2
        : Number.POSITIVE_INFINITY;
    return true;
  }

  /** `rttMs`: at most; `receivedBytes`: that part of `spentBytes` which came from the server. */
  poll(spentBytes: number, receivedBytes: number, rttMs: number, now: number): MeterTask {
    if (!this.isLimited) return NONE;
    const left = this.leftBytes(spentBytes);
    if (left <= USED_UP_BYTES) return USED_UP;
    if (this.settledBytes < 0 && now - this.sharedMs >= SETTLED_AFTER_RTTS * rttMs)
      this.settledBytes = receivedBytes;
    const isLittle = left >= SHARE_WHEN_LEFT * this.sharedBytes;
    if (isLittle && now - this.sharedMs < SHARE_AGAIN_MS) return NONE;
    if (now - this.sharedMs < Math.max(MIN_SHARE_INTERVAL_MS, 2 * rttMs)) return NONE;
    const underWay = Math.max(0, this.serverShareBytes - (receivedBytes - this.settledBytes));
    const bytes = Math.floor((left - underWay - RESERVE_BYTES) / 2);
    this.sharedMs = now;
    this.settledBytes = -1;
    if (bytes < MIN_SHARE_BYTES) {
      // The server keeps too much that it does not send, or that was lost: it is taken back first.
      this.serverShareBytes = 0;
      return { kind: 'share', bytes: TAKEN_BACK_BYTES };
    }
    this.sharedBytes = left;
    this.serverShareBytes = bytes;
    return { kind: 'share', bytes };
  }
}
