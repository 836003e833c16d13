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

  /** Server: it was told that the budget is used up. */
  isNothing = false;

  get isLimited(): boolean {
    return this.limitBytes !== Number.POSITIVE_INFINITY;
  }

  /** From now on; Infinity = no limit. */
  grant(bytes: number): void {
    this.isNothing = bytes === 0;
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

/** Of a datagram around a packet: wrappers and tag, UDP and IPv6 headers; a packet in two pieces costs less than it saves. */
const MAX_OVERHEAD_BYTES = 85;

/** Of `pathMask` the paths that may still carry a packet of `length`: metered ones take it out of what they were given. */
export function withinAllowances(
  paths: readonly (Limited | null)[],
  pathMask: number,
  length: number,
): number {
  let mask = pathMask;
  for (let id = 0, rest = mask; rest !== 0; id++, rest >>>= 1)
    if ((rest & 1) !== 0 && paths[id]?.allowance.take(length + MAX_OVERHEAD_BYTES) === false)
      mask &= ~(1 << id);
  return mask;
}

interface Limited {
  readonly allowance: Allowance;
}
