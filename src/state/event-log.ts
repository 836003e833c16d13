/**
 * What happened, one JSON object per line, newest last, in two files of bounded size: when the first is full it takes the place of
 * the second. A line is written with one call as soon as the disk takes it, or with those of the 20 ms after it while others come, so a
 * kill -9 costs at most what was told last.
 */
import { constants } from 'node:fs';
import { open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export const MAX_FILE_BYTES = 4 << 20;
/** A disk that does not answer: what happens meanwhile is forgotten, and counted. */
const MAX_WAITING = 1_024;
const MODE = 0o600;
/** As 'a+', but not behind a link that somebody laid in its place. */
const OWN_FILE = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;

/** Newest first. */
export function eventFiles(stateDir: string): readonly [current: string, former: string] {
  return [join(stateDir, 'events.jsonl'), join(stateDir, 'events.1.jsonl')];
}

export type EventFields = Readonly<Record<string, unknown>>;

/** In a storm of clients events are gathered for so long: each call costs as much as half a handshake. */
const GATHER_MS = 20;

export interface EventClock {
  /** Milliseconds since the epoch. */
  wallMs(): number;
  /** CLOCK_BOOTTIME, milliseconds: between two events of one boot it tells the time that passed, however the wall clock was set. */
  bootMs(): number;
}

export class EventLog {
  #waiting: string[] = [];
  #forgotten = 0;
  #running: Promise<void> | undefined;
  #bytes: number | undefined;
  #isFailing = false;

  constructor(
    private readonly stateDir: string,
    private readonly clock: EventClock,
    /** Hears the first of a row of failures; the lines are lost. */
    private readonly onError: (error: Error) => void,
    private readonly maxFileBytes = MAX_FILE_BYTES,
  ) {}

  add(event: string, fields: EventFields = {}): void {
    if (this.#waiting.length >= MAX_WAITING) {
      this.#forgotten++;
      return;
    }
    this.#waiting.push(this.#line(event, fields));
    this.#running ??= this.#writeAll();
  }

  /** Resolves when everything is written or lost. */
  async flush(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #writeAll(): Promise<void> {
    // What comes in the same breath goes in one call.
    await Promise.resolve();
    for (let isFirst = true; this.#waiting.length > 0; isFirst = false) {
      if (!isFirst) await pause(GATHER_MS);
      const lines = this.#waiting.splice(0);
      if (this.#forgotten > 0) {
        lines.push(this.#line('forgotten', { count: this.#forgotten }));
        this.#forgotten = 0;
      }
      try {
        await this.#append(lines.join(''));
        this.#isFailing = false;
      } catch (error) {
        if (!this.#isFailing) this.onError(error as Error);
        this.#isFailing = true;
        this.#bytes = undefined;
      }
    }
    this.#running = undefined;
  }

  #line(event: string, fields: EventFields): string {
    const at = new Date(this.clock.wallMs()).toISOString();
    return `${JSON.stringify({ at, bootMs: Math.round(this.clock.bootMs()), event, ...fields })}\n`;
  }

  async #append(text: string): Promise<void> {
    const [current, former] = eventFiles(this.stateDir);
    const bytes = Buffer.byteLength(text);
    const before = this.#bytes ?? (await sizeOf(current));
    if (before > 0 && before + bytes > this.maxFileBytes) {
      await rename(current, former);
      this.#bytes = 0;
    }
    const file = await open(current, OWN_FILE, MODE);
    try {
      // A line that a crash cut short ends here, so that it takes none of ours along.
      const repair = this.#bytes === undefined && (await isTorn(file, before)) ? '\n' : '';
      await file.appendFile(repair + text);
      this.#bytes = (await file.stat()).size;
    } finally {
      await file.close();
    }
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

async function isTorn(file: Awaited<ReturnType<typeof open>>, size: number): Promise<boolean> {
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] !== 0x0a;
}
