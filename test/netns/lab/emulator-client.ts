/** The lab's end of the emulator process. */
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { EmulatorMessage, EmulatorReply, EmulatorReport, EmulatorRequest } from './emulator-protocol.ts';
import { DIRECTIONS, type Direction, type LinkSettings } from './link-settings.ts';
import type { Namespace } from './namespace.ts';
import type { Process } from './process.ts';
import type { LinkEnd, Shaper } from './shaper.ts';
import { moveDevice } from './wiring.ts';

const EMULATOR = fileURLToPath(new URL('./emulator.ts', import.meta.url));

interface Waiting {
  resolve(report: EmulatorReport | null): void;
  reject(error: Error): void;
}

export class Emulator implements Shaper {
  readonly #namespace: Namespace;
  readonly #process: Process;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #links = 0;

  /** Starts the process in `namespace`; `seed` decides all dice. */
  constructor(namespace: Namespace, seed: number) {
    this.#namespace = namespace;
    this.#process = namespace.start([process.execPath, '--import', 'tsx', EMULATOR, String(seed)], {
      stdin: true,
    });
    createInterface({ input: this.#process.child.stdout! }).on('line', (line) => this.#handleReply(line));
    this.#process.child.stdin!.on('error', () => undefined);
    this.#process.ended.then(
      ({ stderr }) => this.#fail(stderr),
      (error: Error) => this.#fail(error.message),
    );
  }

  /** The TAP devices are made in the emulator's namespace, which keeps their descriptors, and moved from there. */
  async connect(link: string, near: LinkEnd, far: LinkEnd): Promise<void> {
    const number = this.#links++;
    const devices = { near: `near${number}`, far: `far${number}` };
    await this.#ask({ kind: 'open', link, ...devices });
    await moveDevice(this.#namespace, devices.near, near.namespace, near.device, near.mac);
    await moveDevice(this.#namespace, devices.far, far.namespace, far.device, far.mac);
  }

  async unplug(link: string): Promise<void> {
    await this.#ask({ kind: 'unplug', link });
  }

  async plug(link: string, near: LinkEnd): Promise<void> {
    const device = `near${this.#links++}`;
    await this.#ask({ kind: 'plug', link, near: device });
    await moveDevice(this.#namespace, device, near.namespace, near.device, near.mac);
  }

  async set(
    link: string,
    settings: Partial<LinkSettings>,
    directions: readonly Direction[] = DIRECTIONS,
  ): Promise<void> {
    await this.#ask({ kind: 'set', link, directions, settings });
  }

  async report(): Promise<EmulatorReport> {
    const report = await this.#ask({ kind: 'report' });
    if (!report) throw new Error('the emulator sent an empty report');
    return report;
  }

  async stop(): Promise<void> {
    await this.#process.stop();
  }

  #ask(request: EmulatorRequest): Promise<EmulatorReport | null> {
    if (!this.#process.isRunning) throw new Error(`the emulator is gone\n${this.#process.stderr}`);
    const message: EmulatorMessage = { ...request, id: this.#nextId++ };
    return new Promise((resolve, reject) => {
      this.#waiting.set(message.id, { resolve, reject });
      this.#process.child.stdin?.write(`${JSON.stringify(message)}\n`);
    });
  }

  #handleReply(line: string): void {
    const reply = JSON.parse(line) as EmulatorReply;
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ('error' in reply) waiting?.reject(new Error(`emulator: ${reply.error}`));
    else waiting?.resolve(reply.result);
  }

  #fail(reason: string): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(`the emulator ended: ${reason}`));
    this.#waiting.clear();
  }
}
