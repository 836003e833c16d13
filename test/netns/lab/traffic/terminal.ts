/** An interactive session over one TCP connection, as ssh's: small lines each way, each answer compared. */
import { fileURLToPath } from 'node:url';
import type { Lab } from '../lab.ts';
import type { Namespace } from '../namespace.ts';
import { WEB_ADDRESS } from '../plan.ts';
import { TERMINAL_PORT } from '../ports.ts';
import { type Process, waitFor } from '../process.ts';

export interface TerminalReport {
  typed: number;
  answered: number;
  /** Answers that were not what the session so far makes them. */
  wrong: number;
  /** Longest time from a line to its answer, milliseconds; of a lap. */
  longestWaitMs: number;
  /** When the first answer came after the last silence of a second and more, milliseconds since the epoch; 0 = never. */
  resumedAtMs: number;
  /** Why the connection ended by itself; null = it did not. */
  ended: string | null;
}

const TYPIST = fileURLToPath(new URL('./terminal-typist.ts', import.meta.url));

export class Terminal {
  readonly #process: Process;

  private constructor(process: Process) {
    this.#process = process;
  }

  /** Connects, and waits until it is. */
  static async start(
    lab: Lab,
    namespace: Namespace,
    host = WEB_ADDRESS,
    port = TERMINAL_PORT,
  ): Promise<Terminal> {
    const words = ['node', '--import', 'tsx', TYPIST, host, String(port)];
    const typist = lab.start(namespace, words);
    await waitFor('the session', () => typist.stdout.includes('started'));
    return new Terminal(typist);
  }

  /** So far; `longestWaitMs` since the last lap. */
  async lap(): Promise<TerminalReport> {
    const count = this.#reports().length;
    if (this.#process.isRunning) {
      this.#process.child.kill('SIGUSR1');
      await waitFor('a lap of the session', () => this.#reports().length > count || !this.#process.isRunning);
    }
    return this.#last();
  }

  async stop(): Promise<TerminalReport> {
    await this.#process.stop();
    return this.#last();
  }

  #reports(): string[] {
    return this.#process.stdout.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'));
  }

  #last(): TerminalReport {
    const line = this.#reports().at(-1);
    if (!line) throw new Error(`the typist said nothing: ${this.#process.stderr}`);
    return JSON.parse(line) as TerminalReport;
  }
}
