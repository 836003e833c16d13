/** Hears that the machine's network changed, and lets its owner look, not too often: a router's table may change all the time. */
import type { HostLog } from './host-log.ts';
import { NetlinkMonitor } from './netlink/monitor.ts';

/** A change comes as a burst of notifications. */
const SETTLE_MS = 50;
/** The next look comes after this many times the duration of the last: at most a tenth of a core. */
const REST_FACTOR = 9;

export class DefaultRouteWatch {
  readonly #monitor: NetlinkMonitor;
  #timer: NodeJS.Timeout | undefined;
  #isLooking = false;
  #isStale = false;
  #isClosed = false;
  #restMs = 0;

  constructor(
    private readonly look: () => Promise<void>,
    private readonly log: HostLog,
  ) {
    this.#monitor = new NetlinkMonitor(() => this.#soon(), log);
  }

  start(): Promise<void> {
    return this.#monitor.start();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#monitor.close();
  }

  #soon(): void {
    this.#isStale = true;
    if (this.#timer !== undefined || this.#isLooking || this.#isClosed) return;
    this.#timer = setTimeout(() => void this.#run(), Math.max(SETTLE_MS, this.#restMs)).unref();
  }

  async #run(): Promise<void> {
    this.#timer = undefined;
    this.#isLooking = true;
    this.#isStale = false;
    const began = performance.now();
    await this.look().catch((err) => this.#isClosed || this.log.warn({ err }, 'nat-not-kept'));
    this.#restMs = (performance.now() - began) * REST_FACTOR;
    this.#isLooking = false;
    if (this.#isStale) this.#soon();
  }
}
