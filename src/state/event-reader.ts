/** Reads back what `EventLog` wrote, while it writes or long after. */
import { type FileHandle, open, stat } from 'node:fs/promises';
import { UserError } from '../errors.ts';
import { eventFiles } from './event-log.ts';

/** One thing that happened; what else it has depends on `event`. */
export interface EventRecord {
  /** ISO 8601, UTC. */
  readonly at: string;
  /** CLOCK_BOOTTIME, milliseconds; absent in what earlier versions wrote. */
  readonly bootMs?: number;
  readonly event: string;
  readonly [key: string]: unknown;
}

/** Oldest first, from `sinceMs` (milliseconds since the epoch) on; lines that are none are skipped. */
export class EventReader {
  #file: FileHandle | undefined;
  #inode = 0;
  #rest: Buffer = Buffer.alloc(0);

  constructor(private readonly stateDir: string) {}

  /** Everything that is there. Throws `UserError` when the files may not be read. */
  async readAll(sinceMs: number): Promise<EventRecord[]> {
    const [current, former] = eventFiles(this.stateDir);
    const before = await openFile(former);
    // Opened first: when it is renamed in the meantime, it is read twice rather than never.
    await this.#open(current);
    try {
      const texts = [await before?.readFile('utf8'), await this.#readOn()];
      const records = texts.flatMap((text) => parseLines(text ?? ''));
      return records.filter(({ at }) => Date.parse(at) >= sinceMs);
    } finally {
      await before?.close();
    }
  }

  /** What came since the last call. */
  async readNew(): Promise<EventRecord[]> {
    const [current] = eventFiles(this.stateDir);
    const records = parseLines(await this.#readOn());
    const inode = await stat(current).then(
      ({ ino }) => ino,
      () => this.#inode,
    );
    if (inode === this.#inode) return records;
    // The file was full, and another one took its place: first what still came into the old one.
    records.push(...parseLines(await this.#readOn()));
    await this.close();
    await this.#open(current);
    return [...records, ...parseLines(await this.#readOn())];
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
    this.#rest = Buffer.alloc(0);
    this.#inode = 0;
  }

  async #open(path: string): Promise<void> {
    this.#file = await openFile(path);
    this.#inode = (await this.#file?.stat())?.ino ?? 0;
  }

  /** Whole lines. */
  async #readOn(): Promise<string> {
    const bytes = Buffer.concat([this.#rest, (await this.#file?.readFile()) ?? Buffer.alloc(0)]);
    const end = bytes.lastIndexOf('\n') + 1;
    this.#rest = bytes.subarray(end);
    return bytes.toString('utf8', 0, end);
  }
}

async function openFile(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new UserError(`${path} cannot be read`, {
      cause,
      fix: code === 'EACCES' ? 'run this as root' : undefined,
    });
  }
}

function parseLines(text: string): EventRecord[] {
  return text.split('\n').flatMap((line) => {
    try {
      const record = JSON.parse(line);
      return typeof record?.at === 'string' && typeof record.event === 'string' ? [record] : [];
    } catch {
      return [];
    }
  });
}
