/** The sessions of one association: the current one, which is sent with, and its predecessor for what is still under way. */
import { PREVIOUS_SESSION_MS, SESSION_SILENT_MS, type Session } from '../session/session.ts';
import type { SessionTable } from '../session/session-table.ts';

export class SessionPair {
  /** Used for sending. */
  current: Session | null = null;
  /** Still opened: late copies over slow paths. */
  private previous: Session | null = null;
  private previousUntilMs = Number.POSITIVE_INFINITY;
  adopted = 0;

  constructor(private readonly table: SessionTable) {}

  /** Something from the peer would still be taken. */
  get isAny(): boolean {
    return this.current !== null || this.previous !== null;
  }

  /** True for the sessions that are in use; a pending one is not, before it is confirmed. */
  has(session: Session): boolean {
    return session === this.current || session === this.previous;
  }

  /** The new session is used for sending at once; its predecessor is kept for what is still under way. */
  adopt(session: Session, now: number): void {
    this.dropPrevious();
    this.previous = this.current;
    if (this.previous !== null) this.previousUntilMs = now + PREVIOUS_SESSION_MS;
    this.current = session;
    this.adopted++;
  }

  /** One session ends. True when it was the current one: nothing can be sent until there is another. */
  drop(session: Session): boolean {
    if (session === this.previous) this.dropPrevious();
    else this.table.remove(session);
    if (session !== this.current) return false;
    this.current = null;
    return true;
  }

  dropAll(): void {
    if (this.current !== null) this.table.remove(this.current);
    this.current = null;
    this.dropPrevious();
  }

  /** The predecessor's time may be over. */
  expirePrevious(now: number): void {
    if (this.previous !== null && (now >= this.previousUntilMs || this.previous.hasExpired(now)))
      this.dropPrevious();
  }

  /** When one of them is over. */
  get expiryMs(): number {
    const { current } = this;
    const silentMs = current === null ? Number.POSITIVE_INFINITY : current.lastReceivedMs + SESSION_SILENT_MS;
    return Math.min(this.previousUntilMs, silentMs);
  }

  private dropPrevious(): void {
    if (this.previous !== null) this.table.remove(this.previous);
    this.previous = null;
    this.previousUntilMs = Number.POSITIVE_INFINITY;
  }
}
