/** A download that is watched for stalls and compared byte by byte. */
import { fileURLToPath } from 'node:url';
import type { Lab } from '../lab.ts';
import type { Namespace } from '../namespace.ts';
import { WEB_ADDRESS } from '../plan.ts';
import { type Process, waitFor } from '../process.ts';

export interface DownloadReport {
  bytes: number;
  /** The server's whole answer came. */
  complete: boolean;
  corrupt: boolean;
  /** Longest time without a byte, milliseconds. */
  longestStallMs: number;
  /** When that began, from the start. */
  stallAtMs: number;
  durationMs: number;
  /** HTTP status; 0 = never answered. */
  status: number;
}

const METER = fileURLToPath(new URL('./download-meter.ts', import.meta.url));

export interface DownloadOptions {
  readonly host?: string;
  /** The server sends so fast; default: as fast as TCP goes. */
  readonly bytesPerSecond?: number;
}

export class Download {
  readonly #process: Process;

  private constructor(process: Process) {
    this.#process = process;
  }

  /** Starts, and waits for the first byte. */
  static async start(
    lab: Lab,
    namespace: Namespace,
    bytes: number,
    options: DownloadOptions = {},
  ): Promise<Download> {
    const rate = options.bytesPerSecond === undefined ? '' : `/${options.bytesPerSecond}`;
    const url = `http://${options.host ?? WEB_ADDRESS}/bytes/${bytes}${rate}`;
    const meter = lab.start(namespace, ['node', '--import', 'tsx', METER, url]);
    await waitFor('the first byte of the download', () => meter.stdout.includes('started'));
    return new Download(meter);
  }

  get isRunning(): boolean {
    return this.#process.isRunning;
  }

  /** What happened since the last lap, or the start: `longestStallMs` is of the lap, bytes and duration are of all. */
  async lap(): Promise<DownloadReport> {
    const count = this.#reports().length;
    this.#process.child.kill('SIGUSR1');
    await waitFor('a lap of the download', () => this.#reports().length > count);
    return this.#last();
  }

  /** Ends it before its time. */
  async stop(): Promise<DownloadReport> {
    await this.#process.stop();
    return this.report();
  }

  /** Waits for the end. */
  async report(): Promise<DownloadReport> {
    await this.#process.ended;
    return this.#last();
  }

  #reports(): string[] {
    return this.#process.stdout.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'));
  }

  #last(): DownloadReport {
    const line = this.#reports().at(-1);
    if (!line) throw new Error(`the download meter said nothing: ${this.#process.stderr}`);
    return JSON.parse(line) as DownloadReport;
  }
}
