/** Child processes of the lab: run to the end, or started, watched and ended by their own process id. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** Output kept per stream, bytes; the head is forgotten first. */
const KEPT_OUTPUT_BYTES = 8_388_608;
/** Between SIGTERM and SIGKILL: there to end a hang. */
const PATIENCE_MS = 30_000;
/** For most things that are waited for, likewise. */
const WAIT_MS = 30_000;

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartOptions {
  /** Open stdin as a pipe: children that end with it are tied to the life of this process. */
  readonly stdin?: boolean;
  readonly env?: NodeJS.ProcessEnv;
}

export class Process {
  readonly child: ChildProcess;
  readonly command: string;
  stdout = '';
  stderr = '';
  /** Settles when the process has ended and its output is complete. */
  readonly ended: Promise<Finished>;

  constructor(argv: readonly string[], options: StartOptions = {}) {
    this.command = argv.join(' ');
    const [file, ...rest] = argv;
    const env = { ...process.env, ...options.env };
    this.child = spawn(file, rest, { env, stdio: [options.stdin ? 'pipe' : 'ignore', 'pipe', 'pipe'] });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout = (this.stdout + text).slice(-KEPT_OUTPUT_BYTES);
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-KEPT_OUTPUT_BYTES);
    });
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code) => resolve({ code, stdout: this.stdout, stderr: this.stderr }));
    });
    // Whoever waits for the end sees the error; nobody has to wait.
    this.ended.catch(() => undefined);
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null && this.child.pid !== undefined;
  }

  /** Sends `signal` and waits for the end; SIGKILL after a while. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Finished> {
    if (this.isRunning) this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), PATIENCE_MS);
    try {
      return await this.ended;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Resolves once the process runs; rejects when it cannot be started. */
  async started(): Promise<void> {
    if (this.child.pid === undefined) await once(this.child, 'spawn');
  }
}

/** Runs to the end. Rejects with the command and its stderr when it does not exit 0. */
export async function run(
  argv: readonly string[],
  options: { readonly input?: string } = {},
): Promise<string> {
  const { code, stdout, stderr } = await attempt(argv, options);
  if (code !== 0)
    throw new Error(`${argv.join(' ')}: exit ${code}\n${stderr.trim()}\n${options.input ?? ''}`);
  return stdout;
}

/** Runs to the end, whatever the exit code. */
export function attempt(
  argv: readonly string[],
  options: { readonly input?: string } = {},
): Promise<Finished> {
  const command = new Process(argv, { stdin: options.input !== undefined });
  // A command that ends early leaves a broken pipe; its exit code tells more.
  command.child.stdin?.on('error', () => undefined).end(options.input);
  return command.ended;
}

/**
 * Calls `probe` until it gives a value other than undefined or false.
 * Rejects after `timeoutMs` with `what` and what `probe` threw last.
 */
export async function waitFor<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = WAIT_MS,
): Promise<T> {
  const deadlineMs = performance.now() + timeoutMs;
  let reason = '';
  while (performance.now() < deadlineMs) {
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
    } catch (error) {
      reason = `: ${(error as Error).message}`;
    }
    await pause(25);
  }
  throw new Error(`waited ${timeoutMs} ms for ${what}${reason}`);
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
