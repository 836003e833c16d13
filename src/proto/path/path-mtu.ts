/**
 * Path MTU discovery by padded probes (RFC 8899 in spirit), without a socket or a clock: `poll` says which probe is due,
 * `handleSent` that it left, `handleAcked` that its answer came. ICMP is never needed. All sizes are outer IP packets,
 * bytes.
 *
 *   searching ──the window between fit and too big is closed──▶ done ──RAISE_AFTER_MS, and packets cross──▶ searching
 */

/** RFC 8899 §5.1.2 BASE_PLPMTU: IPv6's minimum; taken as good until `lower` says otherwise. */
export const BASE_MTU_BYTES = 1_280;
/** What IPv4 hosts must take (RFC 791); below this nothing useful gets through. */
export const MIN_MTU_BYTES = 576;
/** RFC 8899 MAX_PROBES is 3; with 30 % loss each way that would take one good size in eight for too big, 5 one in 29. */
const TRIES = 5;
/** PMTU_RAISE_TIMER of RFC 8899. */
const RAISE_AFTER_MS = 600_000;
/** After a black hole: chance may have made it. Doubles up to the above. */
const FIRST_RAISE_AFTER_MS = 10_000;
/** The search ends when it could gain less than this. */
const GRAIN_BYTES = 4;
/** MTUs that links and tunnels really have: PPPoE, IPIP, L2TP, WireGuard, phones. */
const COMMON_BYTES = [1500, 1492, 1480, 1472, 1460, 1420, 1400, 1380, 1360, 1340, 1320, 1300] as const;

export class PathMtu {
  /** Largest size that is known to fit. */
  private confirmed: number;
  /** Smallest size that is known not to fit. */
  private tooBig: number;
  /** Size being tried, 0 = none. */
  private probing = 0;
  private tries = 0;
  private sentMs = 0;
  private raiseMs = Number.POSITIVE_INFINITY;
  private raiseAfterMs = RAISE_AFTER_MS;

  /** `maxBytes`: MTU of the local interface; packets of `knownBytes` are known to arrive. */
  constructor(
    private readonly maxBytes: number,
    knownBytes = BASE_MTU_BYTES,
  ) {
    this.confirmed = Math.min(knownBytes, maxBytes);
    this.tooBig = maxBytes + 1;
  }

  /** Outer packets of this size arrive. */
  get mtuBytes(): number {
    return this.confirmed;
  }

  /** `lower` changes nothing. */
  get isLowest(): boolean {
    return this.confirmed <= MIN_MTU_BYTES;
  }

  /**
   * The size of the probe that is due, 0 = none; asking changes nothing that asking again would not find. `answerMs`:
   * how long an answer may take on this path; `active`: packets cross it. An idle path does not ask again for what was too big.
   */
  poll(now: number, answerMs: number, active: boolean): number {
    if (this.probing !== 0) {
      if (now - this.sentMs < answerMs) return 0;
      if (this.tries < TRIES) return this.probing;
      this.tooBig = this.probing;
      this.probing = 0;
    }
    if (active && now >= this.raiseMs) {
      this.raiseMs = Number.POSITIVE_INFINITY;
      this.tooBig = this.maxBytes + 1;
    }
    const size = this.candidate();
    if (size === 0 && this.raiseMs === Number.POSITIVE_INFINITY && this.confirmed < this.maxBytes) {
      this.raiseMs = now + this.raiseAfterMs;
      this.raiseAfterMs = Math.min(RAISE_AFTER_MS, 2 * this.raiseAfterMs);
    }
    return size;
  }

  /** When `poll` has something to do next; infinity when the local MTU is confirmed. */
  dueMs(now: number, answerMs: number, active: boolean): number {
    if (this.probing !== 0) return this.sentMs + answerMs;
    if (this.candidate() !== 0) return now;
    // The end of a search is noticed by `poll`.
    const isNoticed = this.raiseMs !== Number.POSITIVE_INFINITY || this.confirmed >= this.maxBytes;
    if (!isNoticed) return now;
    return active ? this.raiseMs : Number.POSITIVE_INFINITY;
  }

  /** A probe of the size that `poll` gave has left. */
  handleSent(sizeBytes: number, now: number): void {
    if (sizeBytes !== this.probing) this.tries = 0;
    this.probing = sizeBytes;
    this.tries++;
    this.sentMs = now;
  }

  /** A probe of this size was answered, however late. */
  handleAcked(sizeBytes: number): void {
    if (sizeBytes <= this.confirmed || sizeBytes > this.maxBytes) return;
    this.confirmed = sizeBytes;
    if (this.tooBig <= sizeBytes) this.tooBig = this.maxBytes + 1;
    if (this.probing <= sizeBytes) this.probing = 0;
  }

  /** Packets of `mtuBytes` do not arrive any more although small ones do: falls back and searches below. */
  lower(): void {
    const fallback = this.confirmed > BASE_MTU_BYTES ? BASE_MTU_BYTES : MIN_MTU_BYTES;
    if (this.confirmed <= fallback) return;
    this.tooBig = this.confirmed;
    this.confirmed = fallback;
    this.probing = 0;
    this.raiseMs = Number.POSITIVE_INFINITY;
    this.raiseAfterMs = FIRST_RAISE_AFTER_MS;
  }

  /** First the local MTU, as most paths take it; then the middle one of the common sizes left; then bisection. */
  private candidate(): number {
    const { confirmed, tooBig, maxBytes } = this;
    if (tooBig > maxBytes) return confirmed < maxBytes ? maxBytes : 0;
    const common = COMMON_BYTES.filter((size) => size > confirmed && size < tooBig);
    if (common.length > 0) return common[common.length >> 1];
    return tooBig - confirmed > GRAIN_BYTES ? (confirmed + tooBig) >> 1 : 0;
  }
}
