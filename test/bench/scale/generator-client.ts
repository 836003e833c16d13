/** The orchestrator's end of a generator process. */
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Namespace } from '../../netns/lab/namespace.ts';
import type { Process } from '../../netns/lab/process.ts';
import { confined } from './confined.ts';
import type { Command, GeneratorOptions, Results } from './messages.ts';

const GENERATOR = fileURLToPath(new URL('./generator.ts', import.meta.url));
/** Thousands of clients in one heap: a small nursery would be collected all the time. */
const NODE_FLAGS = ['--max-semi-space-size=32'];

export class GeneratorClient {
  private readonly process: Process;
  private readonly lines: Interface;

  constructor(namespace: Namespace, options: GeneratorOptions, processors?: string) {
    const node = [process.execPath, ...NODE_FLAGS, '--import', 'tsx', GENERATOR, JSON.stringify(options)];
    this.process = namespace.start([...confined(processors), ...node], { stdin: true });
    this.lines = createInterface({ input: this.process.child.stdout as NodeJS.ReadableStream });
  }

  /** One at a time. Rejects with what went wrong over there. */
  async ask<C extends Command>(command: C): Promise<Results[C['kind']]> {
    const answered = once(this.lines, 'line') as Promise<[string]>;
    this.process.child.stdin?.write(`${JSON.stringify(command)}\n`);
    const ended = this.process.ended.then(({ stderr }) => {
      throw new Error(`a generator has ended: ${stderr.trim()}`);
    });
    // An answered question outlives its process.
    ended.catch(() => undefined);
    const [line] = await Promise.race([answered, ended]);
    const answer = JSON.parse(line) as { result?: Results[C['kind']]; error?: string };
    if (answer.error !== undefined) throw new Error(`a generator failed: ${answer.error}`);
    return answer.result as Results[C['kind']];
  }

  async stop(): Promise<void> {
    this.process.child.stdin?.end();
    await this.process.stop('SIGKILL');
  }
}
