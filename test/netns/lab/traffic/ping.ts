/** The system's `ping`, packet by packet. */
import type { Namespace } from '../namespace.ts';
import type { Process } from '../process.ts';

export interface PingOptions {
  /** Default: until it is stopped. */
  readonly count?: number;
  /** Default 10. */
  readonly intervalMs?: number;
  /** ICMP payload; default 56. */
  readonly sizeBytes?: number;
  /** Clears don't-fragment (`-M dont`). */
  readonly mayFragment?: boolean;
  /** Source address or interface (`-I`). */
  readonly source?: string;
}

export interface PingReport {
  /** Of a stopped ping: up to the last that was answered, for later ones may still have been under way. */
  readonly sent: number;
  readonly received: number;
  /** Sequence numbers that never came back. */
  readonly lost: readonly number[];
  /** Answers that came more than once. */
  readonly duplicates: number;
  /** Answers whose bytes were not those sent. */
  readonly corrupt: number;
  /** Longest time between two answers, milliseconds. */
  readonly longestGapMs: number;
  readonly medianRttMs: number;
}

/** A ping that runs; `report()` waits for its end. */
export class Pinger {
  readonly #process: Process;
  readonly #count: number | undefined;

  constructor(process: Process, count: number | undefined) {
    this.#process = process;
    this.#count = count;
  }

  /** Answers so far. */
  get answers(): number {
    return answersOf(this.#process.stdout).length;
  }

  async report(): Promise<PingReport> {
    const { stdout, stderr } = await this.#process.ended;
    if (stderr.trim()) process.stderr.write(`ping: ${stderr.trim().split('\n')[0]}\n`);
    return pingReport(stdout, this.#count);
  }

  /** Ends it. */
  async stop(): Promise<PingReport> {
    await this.#process.stop('SIGINT');
    return this.report();
  }
}

export function startPing(namespace: Namespace, host: string, options: PingOptions = {}): Pinger {
  const words = ['ping', '-n', '-D', '-W', '2'];
  if (options.count !== undefined) words.push('-c', String(options.count));
  words.push('-i', String((options.intervalMs ?? 10) / 1000), '-s', String(options.sizeBytes ?? 56));
  // A pattern makes ping compare what comes back.
  words.push('-p', 'c0ffee5e');
  if (options.mayFragment) words.push('-M', 'dont');
  if (options.source) words.push('-I', options.source);
  return new Pinger(namespace.start([...words, host]), options.count);
}

interface Answer {
  readonly atMs: number;
  readonly sequence: number;
  readonly rttMs: number;
}

/** Reads what `ping -D` printed; at most 65,535 requests. */
export function pingReport(text: string, count?: number): PingReport {
  const answers = answersOf(text);
  const seen = new Set(answers.map((answer) => answer.sequence));
  const sent = count ?? Math.max(0, ...seen);
  const lost = Array.from({ length: sent }, (_, index) => index + 1).filter(
    (sequence) => !seen.has(sequence),
  );
  const gaps = answers.slice(1).map((answer, index) => answer.atMs - answers[index].atMs);
  const rtts = answers.map((answer) => answer.rttMs).sort((a, b) => a - b);
  return {
    sent,
    received: seen.size,
    lost,
    duplicates: answers.length - seen.size,
    corrupt: text.split('wrong data byte').length - 1,
    longestGapMs: Math.round(Math.max(0, ...gaps)),
    medianRttMs: rtts[rtts.length >> 1] ?? Number.NaN,
  };
}

function answersOf(text: string): Answer[] {
  const pattern = /^\[(\d+\.\d+)\] \d+ bytes from .*icmp_seq=(\d+) .*time=([\d.]+) ms/gm;
  return Array.from(text.matchAll(pattern), ([, at, sequence, rtt]) => ({
    atMs: Number(at) * 1000,
    sequence: Number(sequence),
    rttMs: Number(rtt),
  }));
}
