/** The main thread's handle on the engine: starts the worker, sends commands, hands on events. */
import { Worker } from 'node:worker_threads';
import { PACKAGE_ROOT } from '../package-root.ts';
import type {
  EngineCommand,
  EngineEvent,
  EngineOptions,
  Page,
  PeerSnapshot,
  Sample,
  Snapshot,
} from './messages.ts';
import { prepareMemory, releaseStartMemory } from './start-memory.ts';

/** A worker that does not answer for so long is stuck. */
const ANSWER_TIMEOUT_MS = 2_000;
const STOP_TIMEOUT_MS = 3_000;

/** Peers that the engine describes before packets get their turn: about 2 ms. */
const PEERS_PER_PAGE = 64;

export interface Engine {
  post(command: EngineCommand): void;
  onEvent(callback: (event: EngineEvent) => void): void;
  /** `only`: peers of these names; absent = all. Rejects when the engine has ended or does not answer. */
  snapshot(only?: readonly string[]): Promise<Snapshot>;
  /** See `Core.sample`. Rejects as `snapshot` does. */
  sample(limit: number, also?: string): Promise<Sample>;
  /** Says goodbye to the peers and ends the worker. Resolves in any case. */
  stop(): Promise<void>;
}

interface Request {
  resolve(answer: unknown): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout;
}

class EngineClient implements Engine {
  private readonly worker: Worker;
  private readonly callbacks: ((event: EngineEvent) => void)[] = [];
  private readonly requests = new Map<number, Request>();
  private nextRequest = 1;
  private isStopping = false;
  private readonly exited: Promise<void>;

  constructor(options: EngineOptions) {
    prepareMemory();
    this.worker = new Worker(new URL('dist/engine/worker.js', PACKAGE_ROOT), {
      workerData: options,
      // Nothing is allocated per packet, so a small nursery is enough.
      resourceLimits: { maxYoungGenerationSizeMb: 2 },
    });
    this.worker.on('message', (event: EngineEvent) => this.handle(event));
    this.worker.on('error', (error) => this.emit({ kind: 'failed', message: error.message }));
    this.exited = new Promise((resolve) => this.worker.once('exit', () => resolve()));
    void this.exited.then(() => this.handleExit());
  }

  post(command: EngineCommand): void {
    this.worker.postMessage(command);
  }

  onEvent(callback: (event: EngineEvent) => void): void {
    this.callbacks.push(callback);
  }

  snapshot(only?: readonly string[]): Promise<Snapshot> {
    const ask = (page: Page) => this.ask((request) => ({ kind: 'snapshot', request, only, page }));
    return collectSnapshot(ask as (page: Page) => Promise<Snapshot>);
  }

  sample(limit: number, also?: string): Promise<Sample> {
    return this.ask((request) => ({ kind: 'sample', request, limit, also })) as Promise<Sample>;
  }

  private ask(question: (request: number) => EngineCommand): Promise<unknown> {
    const request = this.nextRequest++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.requests.delete(request);
        reject(new Error('the engine does not answer'));
      }, ANSWER_TIMEOUT_MS);
      this.requests.set(request, { resolve, reject, timer });
      this.post(question(request));
    });
  }

  async stop(): Promise<void> {
    if (!this.isStopping) this.post({ kind: 'stop' });
    this.isStopping = true;
    const timer = setTimeout(() => void this.worker.terminate(), STOP_TIMEOUT_MS);
    await this.exited;
    clearTimeout(timer);
  }

  private handle(event: EngineEvent): void {
    if (event.kind === 'ready') releaseStartMemory();
    if (event.kind !== 'snapshot' && event.kind !== 'sample') {
      this.emit(event);
      return;
    }
    const request = this.requests.get(event.request);
    if (request === undefined) return;
    this.requests.delete(event.request);
    clearTimeout(request.timer);
    request.resolve(event.kind === 'snapshot' ? event.snapshot : event.sample);
  }

  private handleExit(): void {
    for (const { reject, timer } of this.requests.values()) {
      clearTimeout(timer);
      reject(new Error('the engine has ended'));
    }
    this.requests.clear();
    if (!this.isStopping) this.emit({ kind: 'failed', message: 'the engine has ended unexpectedly' });
  }

  private emit(event: EngineEvent): void {
    for (const callback of this.callbacks) callback(event);
  }
}

/** All peers, a page after the other. One that comes or goes meanwhile may be missing, or another twice: it is a look, no audit. */
export async function collectSnapshot(
  ask: (page: Page) => Promise<Snapshot>,
  count = PEERS_PER_PAGE,
): Promise<Snapshot> {
  const peers: PeerSnapshot[] = [];
  for (;;) {
    const part = await ask({ from: peers.length, count });
    peers.push(...part.peers);
    if (part.peers.length < count) return { ...part, peers };
  }
}

/** Starts the engine on a worker thread. `ready` or `failed` follows. */
export function startEngine(options: EngineOptions): Engine {
  return new EngineClient(options);
}
