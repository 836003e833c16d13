/**
 * Says in the log that no path carries, and that one does again: a server that never answers, and a network that swallows everything,
 * are otherwise told by nothing but silence.
 */
import type { Log } from './log.ts';

/** Handshakes and roaming take less; an outage that is shorter is told by its paths. */
const PATIENCE_MS = 5_000;

export class OutageWatch {
  #sinceMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `explain`: fields of the warning, asked for when it is due. */
  constructor(
    private readonly explain: () => object,
    private readonly log: Log,
  ) {
    this.handle(false);
  }

  /** After every change: whether any path is up. */
  handle(isAnyUp: boolean): void {
    if (isAnyUp) this.#end();
    else if (this.#sinceMs === undefined) {
      this.#sinceMs = performance.now();
      this.#timer = setTimeout(() => this.#tell(), PATIENCE_MS);
      this.#timer.unref();
    }
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #tell(): void {
    this.#timer = undefined;
    this.log.warn(this.explain(), 'no-link');
  }

  #end(): void {
    if (this.#sinceMs === undefined) return;
    const outageS = Math.round((performance.now() - this.#sinceMs) / 1000);
    const wasTold = this.#timer === undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sinceMs = undefined;
    if (wasTold) this.log.info({ outageS }, 'link-again');
  }
}
