/**
 * How much one end may still send over a metered path. The client splits what is left of the budget between both ends and tells
 * the server its half; neither can overdraw what it was given, whatever is under way.
 */
export class Allowance {
  private takenBytes = 0;
  private limitBytes = Number.POSITIVE_INFINITY;

  /** Server: the message that it was told in. */
  private session: object | null = null;
  private number = 0;

  /** True for a message that was not followed yet: copies of it come over several paths, and an allowance counts from its arrival. */
  isNews(session: object, number: number): boolean {
    if (session === this.session && ((number - this.number) | 0) <= 0) return false;
    this.session = session;
    this.number = number;
    return true;
  }

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
