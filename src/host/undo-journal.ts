/**
 * Remembers, on disk and before it happens, how to take back each change to the machine.
 *
 * One file per network namespace, `undo-<namespace>.journal` in the state directory: a header line, then a JSON line
 * per change (`{id, entry}`) or per change taken back (`{undone}`), each synced before the change itself. A line that
 * a crash cut short was never followed by its change, so it does not count; one that a full disk cut short is taken off. While the
 * disk takes nothing, changes are made all the same (a tunnel without its link helps nobody) and written when there is room;
 * what a kill -9 leaves of them meanwhile goes with a restart of the machine. Entries are undone in reverse order, and each
 * inverse is harmless when its change was never made. Of files of an earlier boot only what is on the disk still
 * stands; it is taken over. Files of another namespace stay: only a process inside can undo those.
 */
import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  writeFileSync,
} from 'node:fs';
import { mkdir, readdir, readFile, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ErrnoError, fileError, UserError } from '../errors.ts';
import type { HostLog } from './host-log.ts';
import { currentOwner, isAlive, type JournalOwner, parseJournal, writeJournal } from './journal-file.ts';
import { outlivesBoot, type UndoEntry } from './undo-entry.ts';

/** Struck lines are dropped from the file when there are so many: links that come and go must not fill a disk. */
const COMPACT_AFTER = 64;
/** A full disk is asked again after this. */
const RETRY_MS = 10_000;
const FILE_NAME = /^undo-\d+\.journal$/;

export interface UndoJournalOptions {
  /** Created (0700) when missing. */
  readonly stateDir: string;
  /** Must succeed when there is nothing to undo. */
  readonly undo: (entry: UndoEntry) => Promise<void>;
  /** What a killed process left and the next one takes over as it is. Default: nothing. */
  readonly adopts?: (entry: UndoEntry) => boolean;
  readonly log: HostLog;
}

export class UndoJournal {
  readonly #live: Map<number, UndoEntry>;
  #nextId: number;
  #struck = 0;
  #file: number;
  /** Whole lines. */
  #bytes = 0;
  /** Something is not on the disk: the next line that is comes with the whole file. */
  #isBehind = false;
  #retryTimer: NodeJS.Timeout | undefined;

  private constructor(
    private readonly path: string,
    private readonly owner: JournalOwner,
    private readonly options: UndoJournalOptions,
    left: readonly UndoEntry[],
  ) {
    this.#live = new Map(left.entries());
    this.#nextId = left.length;
    this.#file = this.#rewrite();
  }

  /**
   * Undoes what a killed process left, then starts anew. Throws `UserError` when a living process owns the journal.
   * What cannot be undone now (it is logged) stays in the journal for the next time.
   */
  static async open(options: UndoJournalOptions): Promise<UndoJournal> {
    await mkdir(options.stateDir, { recursive: true, mode: 0o700 });
    const owner = await currentOwner();
    const path = join(options.stateDir, `undo-${owner.namespace}.journal`);
    const left: UndoEntry[] = [];
    const earlier = await readEarlierBoots(options.stateDir, owner.boot, left);
    if (!earlier.includes(path)) {
      const { owner: previous, entries, badLines } = parseJournal(await readTrusted(path));
      if (previous && (await isAlive(previous))) throw inUse(options.stateDir, previous.pid);
      if (badLines > 0) options.log.warn({ path, badLines }, 'journal-damaged');
      left.push(...entries.values());
    }
    if (left.length > 0) options.log.info({ path, changes: left.length }, 'journal-recovery');
    const journal = new UndoJournal(path, owner, options, left);
    for (const file of earlier) if (file !== path) await rm(file, { force: true });
    await journal.undoAll(options.adopts);
    return journal;
  }

  /** Changes in force by id, oldest first. */
  get inForce(): ReadonlyMap<number, UndoEntry> {
    return this.#live;
  }

  /**
   * Records `entry`, then runs `change`. Returns the id to undo it by. When the kernel refuses, nothing was changed
   * and the entry is struck; after any other failure the entry is undone. What would outlive a restart of the machine is
   * not changed without a record: `UserError`.
   */
  async make(entry: UndoEntry, change: () => Promise<void>): Promise<number> {
    const id = this.#nextId++;
    this.#record(id, entry);
    try {
      await change();
    } catch (error) {
      if (error instanceof ErrnoError && error.errno !== 0) this.#strike(id);
      else await this.undo(id);
      throw error;
    }
    return id;
  }

  /** Takes one change back; an unknown id is one that is taken back already. Failures are logged and kept. */
  async undo(id: number): Promise<void> {
    const entry = this.#live.get(id);
    if (!entry) return;
    try {
      await this.options.undo(entry);
      this.#strike(id);
    } catch (error) {
      this.options.log.warn({ err: error, entry }, 'undo-failed');
    }
  }

  /** The change stands, and is nobody's to take back. */
  forget(id: number): void {
    if (this.#live.has(id)) this.#strike(id);
  }

  /** Takes back everything but what `keeps` names, newest first. */
  async undoAll(keeps?: (entry: UndoEntry) => boolean): Promise<void> {
    for (const [id, entry] of [...this.#live].reverse()) if (!keeps?.(entry)) await this.undo(id);
  }

  /** Takes back everything but what `keeps` names; the file remains when something of it remains. */
  async close(keeps?: (entry: UndoEntry) => boolean): Promise<void> {
    await this.undoAll(keeps);
    if (this.#live.size > 0) this.#catchUp();
    clearTimeout(this.#retryTimer);
    closeSync(this.#file);
    if (this.#live.size === 0) await unlink(this.path);
  }

  #record(id: number, entry: UndoEntry): void {
    this.#live.set(id, entry);
    try {
      this.#write({ id, entry });
    } catch (error) {
      if (outlivesBoot(entry)) {
        this.#live.delete(id);
        throw error;
      }
      this.#fallBehind(error);
    }
  }

  /** What cannot be struck for want of room is undone once more by the next start, which is harmless. */
  #strike(id: number): void {
    this.#live.delete(id);
    this.#struck++;
    try {
      this.#write({ undone: id });
    } catch (error) {
      this.#fallBehind(error);
    }
  }

  #write(line: object): void {
    if (this.#isBehind || this.#struck >= COMPACT_AFTER) this.#renew();
    else this.#append(line);
  }

  #fallBehind(err: unknown): void {
    if (!this.#isBehind) {
      const what =
        'until this can be written, a kill -9 leaves routes and rules behind that the next start does not know of';
      this.options.log.warn({ err, what }, 'journal-not-written');
    }
    this.#isBehind = true;
    this.#retryTimer ??= setTimeout(() => {
      this.#retryTimer = undefined;
      this.#catchUp();
    }, RETRY_MS).unref();
  }

  #catchUp(): void {
    if (!this.#isBehind) return;
    try {
      this.#renew();
    } catch (error) {
      this.#fallBehind(error);
    }
  }

  /** All that is in force, as a new file. */
  #renew(): void {
    const former = this.#file;
    this.#file = this.#rewrite();
    closeSync(former);
    this.#struck = 0;
    if (this.#isBehind)
      this.options.log.info({ path: this.path, changes: this.#live.size }, 'journal-written');
    this.#isBehind = false;
  }

  #append(line: object): void {
    const text = `${JSON.stringify(line)}\n`;
    try {
      writeFileSync(this.#file, text);
      fdatasyncSync(this.#file);
    } catch (cause) {
      // The next line is to begin a line.
      ftruncateSync(this.#file, this.#bytes);
      throw fileError(this.path, 'written', cause);
    }
    this.#bytes += Buffer.byteLength(text);
  }

  #rewrite(): number {
    writeJournal(this.path, this.owner, this.#live);
    const file = openSync(this.path, 'a');
    this.#bytes = fstatSync(file).size;
    return file;
  }
}

/** How many changes of this machine (and network namespace) a process left that is no more; 0 while it lives. */
export async function countLeftovers(stateDir: string): Promise<number> {
  const { namespace, boot } = await currentOwner();
  const { owner, entries } = parseJournal(await readText(join(stateDir, `undo-${namespace}.journal`)));
  return owner === null || owner.boot !== boot || (await isAlive(owner)) ? 0 : entries.size;
}

/** Files of earlier boots, and of other versions; adds to `left` what of them still stands. */
async function readEarlierBoots(stateDir: string, boot: string, left: UndoEntry[]): Promise<string[]> {
  const earlier: string[] = [];
  for (const name of await readdir(stateDir)) {
    if (!FILE_NAME.test(name)) continue;
    const path = join(stateDir, name);
    const { owner, entries } = parseJournal(await readTrusted(path));
    if (owner?.boot === boot) continue;
    earlier.push(path);
    left.push(...[...entries.values()].filter(outlivesBoot));
  }
  return earlier;
}

function inUse(stateDir: string, pid: number): UserError {
  return new UserError(`the state directory ${stateDir} is in use`, {
    cause: `process ${pid} runs with it in this network namespace`,
    fix: 'stop that process, or give this one a --state-dir of its own',
  });
}

/** As `readText`, but empty as well for one that is neither root's nor ours: whoever wrote it could have us do anything. */
async function readTrusted(path: string): Promise<string> {
  const uid = lstatSync(path, { throwIfNoEntry: false })?.uid;
  return uid === 0 || uid === process.geteuid?.() ? readText(path) : '';
}

/** Empty when there is no such file. */
function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
}
