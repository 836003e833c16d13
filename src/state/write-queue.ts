/** Records on their way to the disk: the newest content per file, in batches, at most one batch a second unless urgent. */
import { dirname } from 'node:path';
import { replaceFile, syncDirectory } from './atomic-file.ts';

/** Counters and "last seen" change all the time and cost an fsync each. */
const CALM_MS = 1_000;
/** A full disk is asked again after this. */
const RETRY_MS = 5_000;
/** Files that share one fsync of their directory: in a storm of clients one for each would be half of the work. */
const BATCH_FILES = 64;
/** After so many failures in one go it is the disk and not the file. */
const MAX_FAILURES = 8;

type File = readonly [path: string, text: string];

export class WriteQueue {
  /** One entry per file: as many as there are clients and invites. */
  private readonly waiting = new Map<string, string>();
  private timer: NodeJS.Timeout | undefined;
  private isTimerUrgent = false;
  private running: Promise<void> = Promise.resolve();
  private isFailing = false;

  /** `onError` hears the first of a row of failures; what failed stays in the queue. */
  constructor(
    private readonly onError: (path: string, error: Error) => void,
    private readonly write: (path: string, text: string) => Promise<void> = replaceFile,
    private readonly sync: (directory: string) => Promise<void> = syncDirectory,
  ) {}

  put(path: string, text: string, isUrgent: boolean): void {
    this.waiting.set(path, text);
    if (this.timer === undefined || (isUrgent && !this.isTimerUrgent && !this.isFailing))
      this.schedule(isUrgent ? 0 : CALM_MS, isUrgent);
  }

  /** Tries to write everything once, now. True when nothing is left. */
  async flush(): Promise<boolean> {
    this.cancel();
    this.running = this.running.then(() => this.writeAll());
    await this.running;
    return this.waiting.size === 0;
  }

  /** One file that cannot be written keeps no other from the disk. */
  private putLast(path: string): void {
    const text = this.waiting.get(path) as string;
    this.waiting.delete(path);
    this.waiting.set(path, text);
  }

  private schedule(delayMs: number, isUrgent: boolean): void {
    this.cancel();
    this.isTimerUrgent = isUrgent;
    this.timer = setTimeout(() => void this.flush(), delayMs);
  }

  private cancel(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private async writeAll(): Promise<void> {
    let failures = 0;
    let written: File[] = [];
    for (const file of [...this.waiting]) {
      const [path, text] = file;
      try {
        await this.write(path, text);
        written.push(file);
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
    if (failures === 0) this.isFailing = false;
    if (this.waiting.size > 0 && this.timer === undefined)
      this.schedule(this.isFailing ? RETRY_MS : CALM_MS, false);
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
      for (const [path, text] of written) {
        // Newer content may have come meanwhile.
        if (dirname(path) === directory && this.waiting.get(path) === text) this.waiting.delete(path);
      }
    }
    return failures;
  }

  private complain(path: string, error: Error): void {
    if (!this.isFailing) this.onError(path, error);
    this.isFailing = true;
  }
}
