/**
 * What happened, as text that is the same for the same seed: the last lines for the reader of a failure, and a hash over
 * everything that was ever noted.
 */
import { createHash, type Hash } from 'node:crypto';

const KEPT_LINES = 4_000;

export class Trace {
  private readonly hash: Hash = createHash('sha256');
  private lines: string[] = [];
  /** Called with each line, when somebody wants to see all of them. */
  onLine: ((line: string) => void) | null = null;

  /** An event worth a line. */
  note(nowMs: number, who: string, what: string): void {
    const line = `${(nowMs / 1000).toFixed(6)} ${who} ${what}`;
    this.hash.update(`${line}\n`);
    this.onLine?.(line);
    this.lines.push(line);
    if (this.lines.length > 2 * KEPT_LINES) this.lines = this.lines.slice(-KEPT_LINES);
  }

  /** Bytes on the wire count for the hash alone. */
  bytes(bytes: Uint8Array): void {
    this.hash.update(bytes);
  }

  tail(count: number): string[] {
    return this.lines.slice(-count);
  }

  digest(): string {
    return this.hash.copy().digest('hex');
  }
}
