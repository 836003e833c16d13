/** The lines that a child process prints, as values. */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';
import { vi } from 'vitest';

export class Lines {
  readonly values: Record<string, unknown>[] = [];

  constructor(readonly child: ChildProcessWithoutNullStreams) {
    createInterface({ input: child.stdout }).on('line', (line) => this.values.push(JSON.parse(line)));
  }

  /** The first value that has the property. */
  async has(property: string, timeout = 15_000): Promise<Record<string, unknown>> {
    return vi.waitFor(
      () => {
        const value = this.values.find((each) => property in each);
        if (value === undefined) throw new Error(`no ${property} from ${this.child.spawnargs.join(' ')}`);
        return value;
      },
      { timeout, interval: 10 },
    );
  }

  send(value: unknown): void {
    this.child.stdin.write(`${JSON.stringify(value)}\n`);
  }
}

export const PEER = new URL('./peer.mjs', import.meta.url).pathname;
