/**
 * How much one end may still send over a metered path. The client splits what is left of the budget between both ends and tells
 * the server its half; neither can overdraw what it was given, whatever is under way.
 */
export class Allowance {
  private takenBytes = 0;
  private limitBytes = Number.POSITIVE_INFINITY;

  get isLimited(): boolean {
    return this.limitBytes !== Number.POSITIVE_INFINITY;
  }

  /** From now on; Infinity = no limit. */
  grant(bytes: number): void {
    this.limitBytes = this.takenBytes + bytes;
  }

  /** False: so much is not left. */
  take(bytes: number): boolean {
    if (this.limitBytes === Number.POSITIVE_INFINITY) return true;
    if (this.takenBytes + bytes > this.limitBytes) return false;
    this.takenBytes += bytes;
    return true;
  }
}
