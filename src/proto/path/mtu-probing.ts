/**
 * Which sizes a path is asked for: larger ones while the largest is searched for (`path-mtu.ts`), the present one while it is in
 * doubt (`mtu-doubt.ts`). All sizes are outer IP packets, bytes.
 */
import type { DeliveryProof } from './delivery-proof.ts';
import { MtuDoubt } from './mtu-doubt.ts';
import { PathMtu } from './path-mtu.ts';

export class MtuProbing {
  private search: PathMtu;
  private readonly doubt = new MtuDoubt();

  /** `maxBytes`: MTU of the local interface. */
  constructor(private maxBytes: number) {
    this.search = new PathMtu(maxBytes);
  }

  /** Outer packets of this size arrive. */
  get mtuBytes(): number {
    return this.search.mtuBytes;
  }

  /** Another way: nothing is known of it. */
  reset(): void {
    this.search = new PathMtu(this.maxBytes);
  }

  /** The local interface takes packets of another size from now on; what is known of the way behind it stays. */
  setMax(maxBytes: number): void {
    if (maxBytes === this.maxBytes) return;
    this.maxBytes = maxBytes;
    this.search = new PathMtu(maxBytes, this.mtuBytes);
  }

  /** The size of the probe that is due, 0 = none. */
  poll(now: number, answerMs: number, active: boolean): number {
    if (this.doubt.isDue(now)) return this.mtuBytes;
    return this.doubt.isOpen ? 0 : this.search.poll(now, answerMs, active);
  }

  /** When `judge` and `poll` have to be called next. */
  dueMs(now: number, answerMs: number, active: boolean): number {
    return this.doubt.isOpen ? this.doubt.dueMs(answerMs) : this.search.dueMs(now, answerMs, active);
  }

  handleSent(sizeBytes: number, now: number): void {
    if (this.doubt.isOpen) this.doubt.handleSent(now);
    else this.search.handleSent(sizeBytes, now);
  }

  /** A probe of this size was answered. */
  handleAnswered(sizeBytes: number, now: number): void {
    if (this.doubt.isOpen && sizeBytes >= this.mtuBytes) this.doubt.end(now);
    this.search.handleAcked(sizeBytes);
  }

  /** Counters as `MtuDoubt` wants them. True = doubt begins, and an ordinary probe should leave as well. */
  handleReport(sent: number, received: number, largeBytes: number, now: number): boolean {
    return this.doubt.handleReport(sent, received, largeBytes, now);
  }

  /** The interface itself takes less than before. True as in `handleReport`. */
  handleTooBig(now: number): boolean {
    return this.doubt.begin(now);
  }

  /**
   * Large datagrams fall into a black hole when small ones are answered and large ones are not. The size that is believed in instead may
   * be too large as well: true = it is doubted at once, before packets are lost by it, and an ordinary probe should leave as well.
   */
  judge(proof: DeliveryProof, now: number, answerMs: number): boolean {
    if (!this.doubt.isOver(now, answerMs)) return false;
    const sinceMs = this.doubt.end(now);
    if (!proof.isProvenSince(sinceMs)) return false;
    this.search.lower();
    if (this.search.isLowest) return false;
    this.doubt.beginAgain(now);
    return true;
  }
}
