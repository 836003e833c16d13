/**
 * The client's wishes on their way to the server: told after each handshake and after each change, repeated until the server
 * says that it took them.
 */
import type { Association } from './association/association.ts';
import { PATHS_PER_PEER } from './packet-batch.ts';
import { PathFlags, PREFERENCES_MAX_BYTES, writePreferences } from './wire/preferences.ts';

/** An unanswered wish is repeated after this; doubles up to the cap: a server that never answers is of another kind. */
const FIRST_REPEAT_MS = 300;
const LAST_REPEAT_MS = 30_000;

export class Wishes {
  private number = 0;
  private isTaken = true;
  private nextMs = 0;
  private repeatMs = FIRST_REPEAT_MS;
  private readonly pathFlags = new Uint8Array(PATHS_PER_PEER);

  constructor(private readonly association: Association) {}

  /** The policy or the rules changed, or the server may have forgotten. */
  change(now: number): void {
    this.number = (this.number + 1) >>> 0;
    this.isTaken = false;
    this.nextMs = now;
    this.repeatMs = FIRST_REPEAT_MS;
  }

  /** The message to be sent now, or null. Notices by itself what changed about the paths. */
  poll(now: number): Uint8Array | null {
    if (this.flagsChanged()) this.change(now);
    if (this.isTaken || now < this.nextMs) return null;
    this.nextMs = now + this.repeatMs;
    this.repeatMs = Math.min(LAST_REPEAT_MS, 2 * this.repeatMs);
    const { policy, rules } = this.association.steering;
    const body = new Uint8Array(PREFERENCES_MAX_BYTES);
    const length = writePreferences(body, 0, this.number, { policy, rules, pathFlags: this.pathFlags });
    return body.subarray(0, length);
  }

  get dueMs(): number {
    return this.isTaken ? Number.POSITIVE_INFINITY : this.nextMs;
  }

  handleTaken(number: number): void {
    if (number === this.number) this.isTaken = true;
  }

  private flagsChanged(): boolean {
    let changed = false;
    for (const path of this.association.paths) {
      if (path === null) continue;
      const flags = (path.isBackup ? PathFlags.BACKUP : 0) | (path.isMetered ? PathFlags.METERED : 0);
      if (this.pathFlags[path.id] === flags) continue;
      this.pathFlags[path.id] = flags;
      changed = true;
    }
    return changed;
  }
}
