/** The system's `ping`, packet by packet. */
import type { Namespace } from '../namespace.ts';
import { type Process, pause } from '../process.ts';
import { PingLog, type PingReport } from './ping-log.ts';

export interface PingOptions {
  /** Default: until it is stopped. */
  readonly count?: number;
  /** Default 9: some more than a hundred a second. */
  readonly intervalMs?: number;
  /** ICMP payload; default 56. */
  readonly sizeBytes?: number;
  /** Clears don't-fragment (`-M dont`). */
  readonly mayFragment?: boolean;
  /** Source address or interface (`-I`). */
  readonly source?: string;
}

/** From 10 ms on, ping waits by the kernel's tick and sends a third less than asked for. */
const DEFAULT_INTERVAL_MS = 9;
/**
 * The answer to the last request may take so long. ping by itself waits for it twice the longest round trip so far: on a busy
 * machine that is less than what takes its turn in between. So it goes on with requests that do not count.
 */
const LINGER_MS = 2_000;

/** A ping that runs. */
export class Pinger {
  readonly #process: Process;
  readonly #log = new PingLog();
  readonly #count: number | undefined;

  constructor(process: Process, count: number | undefined) {
    this.#process = process;
    this.#count = count;
    process.child.stdout?.on('data', (text: string) => this.#log.handleText(text));
  }

  /** Answers so far. */
  get answers(): number {
    return this.#log.answered;
  }

  /** Waits until all that count are answered, or for its end. */
  async report(): Promise<PingReport> {
    if (this.#count !== undefined) {
      while (this.#process.isRunning && this.#log.answeredOf(this.#count) < this.#count) await pause(10);
      await this.#process.stop('SIGINT');
    }
    const { stderr } = await this.#process.ended;
    if (stderr.trim()) process.stderr.write(`ping: ${stderr.trim().split('\n')[0]}\n`);
    return this.#count === undefined ? this.#log.reportAnswered() : this.#log.reportAll(this.#count);
  }

  /** What became of the requests sent between two times, milliseconds since the epoch. */
  reportOf(fromMs: number, untilMs: number): PingReport {
    return this.#log.reportSpan(fromMs, untilMs);
  }

  /** When the first answer after `fromMs` came to a request sent after `sentFromMs`; undefined = none did. */
  firstAnswerAfter(fromMs: number, sentFromMs?: number): number | undefined {
    return this.#log.firstAnswerAfter(fromMs, sentFromMs);
  }

  /** When request `sequence` was sent, milliseconds since the epoch. */
  sentMs(sequence: number): number {
    return this.#log.sentMs(sequence);
  }

  /** Ends it; requests that may still be under way do not count. */
  async stop(): Promise<PingReport> {
    await this.#process.stop('SIGINT');
    return this.report();
  }
}

export function startPing(namespace: Namespace, host: string, options: PingOptions = {}): Pinger {
  const { count, intervalMs = DEFAULT_INTERVAL_MS, sizeBytes = 56 } = options;
  const words = [
    'ping',
    '-n',
    '-D',
    '-O',
    '-W',
    '0.1',
    '-i',
    String(intervalMs / 1000),
    '-s',
    String(sizeBytes),
  ];
  if (count !== undefined) words.push('-c', String(count + Math.ceil(LINGER_MS / intervalMs)));
  // A pattern makes ping compare what comes back.
  words.push('-p', 'c0ffee5e');
  if (options.mayFragment) words.push('-M', 'dont');
  if (options.source) words.push('-I', options.source);
  return new Pinger(namespace.start([...words, host]), count);
}
