/**
 * Records on their way to the disk: the newest content per file. What is urgent goes at once, the rest a few files a second, the
 * oldest change first: a file costs 0.4 ms of the processor, and in a storm of clients the handshakes need that.
 */
import { dirname } from 'node:path';
import { replaceFile, syncDirectory } from './atomic-file.ts';

/** Counters and "last seen" change all the time and cost an fsync each. */
const CALM_MS = 1_000;
/** A full disk is asked again after this. */
const RETRY_MS = 5_000;
/** Files that share one fsync of their directory, and as many as leave per `CALM_MS`: ten thousand clients in three minutes. */
const BATCH_FILES = 64;
/** After so many failures in one go it is the disk and not the file. */
const MAX_FAILURES = 8;

type File = readonly [path: string, text: string];

export class WriteQueue {
  /** One entry per file: as many as there are clients and invites. */
  private readonly waiting = new Map<string, string>();
  /** Of these, what is to leave at once. */
  private readonly urgent = new Set<string>();
  private urgentTimer: NodeJS.Timeout | undefined;
  private calmTimer: NodeJS.Timeout | undefined;
  private running: Promise<boolean> = Promise.resolve(true);
  /** Files and directories whose last write failed. */
  private readonly failed = new Set<string>();

  /** `onError` hears the first of a row of failures; what failed stays in the queue. */
  constructor(
    private readonly onError: (path: string, error: Error) => void,
    private readonly write: (path: string, text: string) => Promise<void> = replaceFile,
    private readonly sync: (directory: string) => Promise<void> = syncDirectory,
  ) {}

  put(path: string, text: string, isUrgent: boolean): void {
    this.waiting.set(path, text);
    if (!isUrgent || this.failed.has(path)) {
      this.writeLater();
      return;
    }
    this.urgent.add(path);
    this.urgentTimer ??= setTimeout(() => {
      this.urgentTimer = undefined;
      void this.enqueue(() => this.takeUrgent());
    }, 0);
  }

  /** Tries to write one file now, whatever becomes of others. True when its newest content is on the disk. */
  keep(path: string): Promise<boolean> {
    return this.enqueue(() => [path]);
  }

  /** Tries to write everything once, now. True when all that was there is on the disk, whatever has come meanwhile. */
  flush(): Promise<boolean> {
    clearTimeout(this.urgentTimer);
    clearTimeout(this.calmTimer);
    this.urgentTimer = undefined;
    this.calmTimer = undefined;
    return this.enqueue(() => [...this.waiting.keys()]);
  }

  private writeLater(): void {
    this.calmTimer ??= setTimeout(
      () => {
        this.calmTimer = undefined;
        void this.enqueue(() => [...this.waiting.keys()].slice(0, BATCH_FILES));
      },
      this.failed.size > 0 ? RETRY_MS : CALM_MS,
    );
  }

  private takeUrgent(): string[] {
    const paths = [...this.urgent];
    this.urgent.clear();
    return paths;
  }

  /** One after the other; `choose` says in its turn which files. Resolves when they were tried: true when all are on the disk. */
  private enqueue(choose: () => readonly string[]): Promise<boolean> {
    this.running = this.running.then(() => this.writeAll(choose()));
    return this.running;
  }

  /** One file that cannot be written keeps no other from the disk. */
  private putLast(path: string): void {
    const text = this.waiting.get(path) as string;
    this.waiting.delete(path);
    this.waiting.set(path, text);
  }

  private async writeAll(paths: readonly string[]): Promise<boolean> {
    let failures = 0;
    let written: File[] = [];
    for (const path of paths) {
      const text = this.waiting.get(path);
      if (text === undefined) continue;
      try {
        await this.write(path, text);
        written.push([path, text]);
      } catch (error) {
        this.complain(path, error as Error);
        this.putLast(path);
        if (++failures === MAX_FAILURES) break;
      }
      if (written.length < BATCH_FILES) continue;
      failures += await this.settle(written);
      written = [];
    }
    failures += await this.settle(written);
    if (this.waiting.size > 0) this.writeLater();
    return failures === 0;
  }

  /** Takes what has its place in its directory for good out of the queue; returns the directories that failed. */
  private async settle(written: readonly File[]): Promise<number> {
    let failures = 0;
    for (const directory of new Set(written.map(([path]) => dirname(path)))) {
      try {
        await this.sync(directory);
      } catch (error) {
        this.complain(directory, error as Error);
        failures++;
        continue;
      }
      this.failed.delete(directory);
      for (const [path, text] of written) {
        if (dirname(path) !== directory) continue;
        this.failed.delete(path);
        // Newer content may have come meanwhile.
        if (this.waiting.get(path) === text) this.waiting.delete(path);
      }
    }
    return failures;
  }

  private complain(path: string, error: Error): void {
    if (this.failed.size === 0) this.onError(path, error);
    this.failed.add(path);
  }
}
