/** Which paths carry data, and the log of it: a path that doubts and recovers within a breath is not worth a line. */
import type { EngineEvent } from '../engine/messages.ts';
import type { PathChange } from './history.ts';
import type { Log } from './log.ts';

type PathEvent = Extract<EngineEvent, { kind: 'path' }>;

export class PathStates {
  /** Interfaces of the paths that are up, by path number: at most eight. */
  readonly #up = new Map<number, string>();

  constructor(
    private readonly log: Log,
    private readonly onChange: (change: PathChange) => void,
  ) {}

  /** Interfaces with a path that is up, each once. */
  get upInterfaces(): string[] {
    return [...new Set(this.#up.values())];
  }

  get isAnyUp(): boolean {
    return this.#up.size > 0;
  }

  /** The path was closed on purpose; whoever gets its number starts anew. */
  forget(path: number): void {
    const interfaceName = this.#up.get(path);
    if (interfaceName === undefined) return;
    this.#up.delete(path);
    this.onChange({ path, interfaceName, isUp: false, rttMs: null });
  }

  handle({ path, interfaceName, state, rttMs }: PathEvent): void {
    const fields = { interfaceName, path, ...(rttMs === null ? {} : { rttMs: Math.round(10 * rttMs) / 10 }) };
    const wasUp = this.#up.has(path);
    if (state === 'up') this.#up.set(path, interfaceName);
    else if (state === 'down') this.#up.delete(path);
    if (state === 'up' && !wasUp) this.log.info(fields, 'up');
    else if (state === 'down' && wasUp) this.log.warn(fields, 'down');
    else this.log.debug(fields, state);
    const isUp = this.#up.has(path);
    if (isUp !== wasUp) this.onChange({ path, interfaceName, isUp, rttMs });
  }
}
