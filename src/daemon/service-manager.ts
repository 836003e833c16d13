/**
 * What the daemon tells systemd (sd_notify(3)): when it is ready, how it is, that it lives. Started by hand, nobody listens, and all of
 * it does nothing.
 */
import { loadNative } from '../native/native.ts';
import type { Life } from './lifecycle.ts';
import type { Log } from './log.ts';

/** A client that no server has answered counts as started after this: a machine without links has to boot, too. */
export const PATIENCE_MS = 30_000;

/** How often is asked whether the engine lives, within the time that the unit gives (sd_watchdog_enabled(3)). */
const PULSES_PER_TIMEOUT = 2;

const MAX_STATUS_CHARACTERS = 200;

export interface ServiceEnvironment {
  /** Path, or `@` and a name. */
  readonly NOTIFY_SOCKET?: string;
  readonly WATCHDOG_USEC?: string;
  readonly WATCHDOG_PID?: string;
}

/** That of this process; the programs that it starts are none of the manager's business. */
export function findServiceManager(log: Log): ServiceManager {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID } = process.env;
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete process.env[name];
  const send = (address: string, message: string) => loadNative().addon.notifyService(address, message);
  return new ServiceManager({ NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID }, send, log);
}

export class ServiceManager {
  readonly #address: string | undefined;
  readonly #pulseMs: number | undefined;
  #isReady = false;
  #status = '';

  constructor(
    env: ServiceEnvironment,
    private readonly send: (address: string, message: string) => void,
    private readonly log: Log,
  ) {
    this.#address = env.NOTIFY_SOCKET || undefined;
    const isForUs = env.WATCHDOG_PID === undefined || env.WATCHDOG_PID === String(process.pid);
    const timeoutMs = isForUs ? Number(env.WATCHDOG_USEC ?? 0) / 1_000 : 0;
    if (timeoutMs > 0) this.#pulseMs = timeoutMs / PULSES_PER_TIMEOUT;
  }

  /** The first time it counts as started; later the same as `status`. */
  ready(status: string): void {
    if (!this.#isReady) this.#tell('READY=1', `STATUS=${oneLine(status)}`);
    else this.status(status);
    this.#isReady = true;
    this.#status = status;
  }

  /** One line about how it is. */
  status(status: string): void {
    if (status === this.#status) return;
    this.#status = status;
    this.#tell(`STATUS=${oneLine(status)}`);
  }

  /** Ready with `status` after `PATIENCE_MS`, unless it is before. */
  readyInTheEnd(status: string, life: Life): void {
    const timer = setTimeout(() => this.#isReady || this.ready(status), PATIENCE_MS);
    life.defer('start', () => clearTimeout(timer));
  }

  async reloading<T>(work: () => Promise<T>): Promise<T> {
    // The word that ends a reload is the one for a start that has come to its end.
    if (!this.#isReady) return work();
    this.#tell('RELOADING=1');
    try {
      return await work();
    } finally {
      this.#tell('READY=1');
    }
  }

  stopping(): void {
    this.#tell('STOPPING=1');
  }

  /** From now on a sign of life goes out each time that `ask` is answered; where it is not, the unit is ended in time. */
  watch(ask: () => Promise<unknown>, life: Life): void {
    if (this.#pulseMs === undefined || this.#address === undefined) return;
    const pulse = () =>
      ask().then(
        () => this.#tell('WATCHDOG=1'),
        (err) => this.log.error({ err }, 'engine-silent'),
      );
    const timer = setInterval(() => void pulse(), this.#pulseMs);
    life.defer('watchdog', () => clearInterval(timer));
    void pulse();
  }

  /** Nothing that systemd does not hear stops a tunnel. */
  #tell(...lines: readonly string[]): void {
    if (this.#address === undefined) return;
    try {
      this.send(this.#address, lines.join('\n'));
    } catch (err) {
      this.log.debug({ err }, 'service-manager-deaf');
    }
  }
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, MAX_STATUS_CHARACTERS);
}
