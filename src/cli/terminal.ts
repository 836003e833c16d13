/**
 * The terminal while a verb draws on all of it. Whatever ends the process, short of SIGKILL, leaves it as it was: the screen of
 * before, a cursor, and keys that echo.
 */
import type { ReadStream, WriteStream } from 'node:tty';

const ENTER = '\x1b[?1049h\x1b[?25l\x1b[2J';
const LEAVE = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const END_OF_LINE = '\x1b[K';
const END_OF_SCREEN = '\x1b[J';
/** Nothing is shown until all of it is there, where the terminal knows how. */
const BEGIN_FRAME = '\x1b[?2026h';
const END_FRAME = '\x1b[?2026l';

const FATAL = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

export class Terminal {
  private isOpen = false;
  private readonly undo: (() => void)[] = [];

  constructor(
    private readonly output: WriteStream,
    /** Keys; a stdin that is no terminal gives none. */
    private readonly input: ReadStream,
    /** `key` as the terminal sends it: `q`, `\x1b[A`. */
    private readonly onKey: (key: string) => void,
    private readonly onResize: () => void,
  ) {}

  get columns(): number {
    return this.output.columns ?? 80;
  }

  get rows(): number {
    return this.output.rows ?? 24;
  }

  open(): void {
    const onFatal = (signal: NodeJS.Signals) => {
      this.close();
      // Whoever started us sees that a signal ended us.
      process.kill(process.pid, signal);
    };
    const onContinue = () => this.enter();
    const onExit = () => this.close();
    for (const signal of FATAL) this.listen(process, signal, () => onFatal(signal));
    this.listen(process, 'SIGCONT', onContinue);
    this.listen(process, 'exit', onExit);
    this.listen(this.output, 'resize', this.onResize);
    // A terminal that is gone: SIGHUP follows.
    this.listen(this.output, 'error', () => {});
    if (this.input.isTTY) {
      this.listen(this.input, 'data', (chunk: Buffer) => this.handleKeys(chunk.toString('latin1')));
      this.input.resume();
    }
    this.enter();
  }

  /** Lines that are no longer than the terminal is wide, and no more of them than it is high. */
  draw(lines: readonly string[]): void {
    if (!this.isOpen) return;
    const body = lines.map((line) => `${line}${END_OF_LINE}`).join('\r\n');
    this.output.write(`${BEGIN_FRAME}${HOME}${body}${END_OF_SCREEN}${END_FRAME}`);
  }

  close(): void {
    for (const undo of this.undo.splice(0)) undo();
    this.leave();
    if (this.input.isTTY) this.input.pause();
  }

  private handleKeys(text: string): void {
    if (text === '\x1a') {
      this.leave();
      process.kill(process.pid, 'SIGTSTP');
    } else this.onKey(text);
  }

  private enter(): void {
    if (this.isOpen) return;
    this.isOpen = true;
    if (this.input.isTTY) this.input.setRawMode(true);
    this.output.write(ENTER);
    this.onResize();
  }

  private leave(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    if (this.input.isTTY) this.input.setRawMode(false);
    this.output.write(LEAVE);
  }

  // biome-ignore lint/suspicious/noExplicitAny: events of several emitters
  private listen(emitter: NodeJS.EventEmitter, event: string, callback: (...args: any[]) => void): void {
    emitter.on(event, callback);
    this.undo.push(() => emitter.off(event, callback));
  }
}
