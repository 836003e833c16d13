/**
 * Server: what the client has said of its paths, which ones are spare or cost money and what may still be sent over them. It
 * is kept by path number, because a message may be faster than the path that it is about.
 */
import { PATHS_PER_PEER } from '../packet-batch.ts';
import { Allowance } from '../path/allowance.ts';
import type { Path } from '../path/path.ts';
import type { Session } from '../session/session.ts';
import { PathFlags } from '../wire/preferences.ts';

/** Of a client that said nothing about its paths. */
const NO_FLAGS = new Uint8Array(PATHS_PER_PEER);

export class ClientWishes {
  private flags: Uint8Array = NO_FLAGS;
  /** Allowances of paths that are not open yet; null = none. */
  private early: (Allowance | null)[] | null = null;
  /** The message that is followed, and the session that it came in. */
  private session: Session | null = null;
  private number = 0;

  /** Preferences number `number` of that session. False = older ones than those that are followed. */
  take(session: Session, number: number, pathFlags: Uint8Array): boolean {
    if (session === this.session && ((number - this.number) | 0) <= 0) return false;
    this.session = session;
    this.number = number;
    this.flags = pathFlags;
    return true;
  }

  /** The path is what the client said of it. */
  flag(path: Path): void {
    const flags = this.flags[path.id];
    path.isBackup = (flags & PathFlags.BACKUP) !== 0;
    path.isMetered = (flags & PathFlags.METERED) !== 0;
  }

  /** The path is open now: what was said of it before counts from here on. */
  open(path: Path): void {
    this.flag(path);
    const early = this.early?.[path.id] ?? null;
    if (early === null || this.early === null) return;
    this.early[path.id] = null;
    path.allowance = early;
    path.isExhausted = early.isNothing;
  }

  /** Of path `id` that is not open yet. */
  earlyAllowance(id: number): Allowance {
    this.early ??= new Array(PATHS_PER_PEER).fill(null);
    this.early[id] ??= new Allowance();
    return this.early[id];
  }

  /** The client is another process: what the one before said of its budgets is void. */
  forgetAllowances(): void {
    this.early = null;
  }
}
