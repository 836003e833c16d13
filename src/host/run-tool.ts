/** Runs one of the system's own programs to its end: nft, iptables, resolvectl and the like. */
import { execFile } from 'node:child_process';

/** iptables waits up to 5 s for its lock; nothing that is asked here takes longer than that by itself. */
const TIMEOUT_MS = 20_000;
const MAX_OUTPUT_BYTES = 4 << 20;

/** The program ended with another status than 0, or could not be started (`ENOENT`). */
export class ToolError extends Error {
  override readonly name = 'ToolError';

  constructor(
    readonly command: string,
    /** Its own words, one line; or the system's. */
    readonly complaint: string,
    /** `ENOENT`: it is not installed. */
    readonly code: string | number | undefined,
  ) {
    super(`${command}: ${complaint}`);
  }
}

export interface ToolOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** Its stdout. Throws `ToolError`. */
export function runTool(file: string, args: readonly string[], options: ToolOptions = {}): Promise<string> {
  const { input = '', env, timeoutMs = TIMEOUT_MS } = options;
  return new Promise((resolve, reject) => {
    const settings = { timeout: timeoutMs, maxBuffer: MAX_OUTPUT_BYTES, env: { ...process.env, ...env } };
    const child = execFile(file, [...args], settings, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const complaint = stderr.trim().replace(/\s*\n\s*/g, '; ') || error.message;
      const code = (error as NodeJS.ErrnoException).code;
      reject(new ToolError([file, ...args].join(' '), complaint, code));
    });
    // A program that ends early leaves a broken pipe; its exit status tells more.
    child.stdin?.on('error', () => {}).end(input);
  });
}

/** True when the program is there and `args` (harmless ones) end well. */
export async function hasTool(file: string, args: readonly string[]): Promise<boolean> {
  return runTool(file, args).then(
    () => true,
    () => false,
  );
}
