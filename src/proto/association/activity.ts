/** When packets last went either way, and whether somebody waits for a path: so closely are the paths watched. */

/** After the last inner packet the paths are probed densely for so long. */
const ACTIVE_MS = 2_000;
/** So long after an outage began paths are looked for as under traffic when streams wait; then ever more rarely. */
const WAIT_MS = 900_000;
/** Looking at the clock more often than this per association would be work per packet. */
const TOUCH_EVERY_MS = 50;

export class Activity {
  /** When the present traffic began. */
  sinceMs = 0;
  private untilMs = 0;
  private touchedMs = Number.NEGATIVE_INFINITY;
  private waitUntilMs = Number.NEGATIVE_INFINITY;
  private lookedMs = Number.NEGATIVE_INFINITY;

  isActive(now: number): boolean {
    return now < Math.max(this.untilMs, this.waitUntilMs);
  }

  /** Milliseconds since inner packets last went either way. */
  idleMs(now: number): number {
    return now < this.waitUntilMs ? 0 : now - (this.untilMs - ACTIVE_MS);
  }

  /** The next packet is worth a `touch`. */
  isStale(now: number): boolean {
    return now - this.touchedMs >= TOUCH_EVERY_MS;
  }

  /** An inner packet went out or came in. True = traffic begins with it. */
  touch(now: number): boolean {
    const wasActive = this.isActive(now);
    this.touchedMs = now;
    this.untilMs = now + ACTIVE_MS;
    if (!wasActive) this.sinceMs = now;
    return !wasActive;
  }

  /** True when it is time to ask whether streams wait: `handleWaiting` follows. */
  wantsLook(now: number): boolean {
    if (now - this.lookedMs < TOUCH_EVERY_MS) return false;
    this.lookedMs = now;
    return true;
  }

  /** Streams waited at the last look. */
  get isAwaited(): boolean {
    return this.waitUntilMs !== Number.NEGATIVE_INFINITY;
  }

  /** Streams wait for a path, or not any more. */
  handleWaiting(isWaiting: boolean, now: number): void {
    this.waitUntilMs = isWaiting ? now + WAIT_MS : Number.NEGATIVE_INFINITY;
  }
}
