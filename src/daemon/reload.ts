/** Takes up what has changed in the configuration while the daemon runs, and says what only a new start can. */
import type { CommonConfig, LogConfig } from '../config/common-config.ts';
import type { Hooks } from '../config/hook-config.ts';
import { HOOK_NAMES } from '../config/hook-names.ts';
import type { Handler } from '../control/protocol.ts';
import { UserError } from '../errors.ts';
import type { Life } from './lifecycle.ts';
import type { Log } from './log.ts';
import type { ServiceManager } from './service-manager.ts';

/** One key, or several that are put into force together. */
export interface Setting<T> {
  /** As in the file. */
  readonly key: string;
  readonly of: (config: T) => unknown;
  /** Absent: only a new start does it. */
  readonly apply?: (config: T) => void | Promise<void>;
}

export interface Reloaded {
  readonly applied: readonly string[];
  readonly needsRestart: readonly string[];
}

export class Reloader<T> {
  /** The value in force by key, as text. */
  readonly #inForce: Map<string, string>;
  #running: Promise<unknown> = Promise.resolve();

  constructor(
    current: T,
    /** Reads the configuration again; throws `ConfigError`, and nothing changes. */
    private readonly load: () => T,
    private readonly settings: readonly Setting<T>[],
    private readonly log: Log,
  ) {
    this.#inForce = new Map(settings.map((setting) => [setting.key, textOf(setting, current)]));
  }

  /** One at a time. Rejects with what is wrong with the configuration, or with what of it could not be put into force. */
  reload(): Promise<Reloaded> {
    const turn = this.#running.then(() => this.#reload());
    this.#running = turn.catch(() => {});
    return turn;
  }

  async #reload(): Promise<Reloaded> {
    const config = this.load();
    const changed = this.settings.filter(
      (setting) => textOf(setting, config) !== this.#inForce.get(setting.key),
    );
    const applied: string[] = [];
    const failed = new Map<string, Error>();
    for (const setting of changed) {
      if (setting.apply === undefined) continue;
      try {
        await setting.apply(config);
        this.#inForce.set(setting.key, textOf(setting, config));
        applied.push(setting.key);
      } catch (error) {
        failed.set(setting.key, error as Error);
      }
    }
    if (failed.size > 0) throw partly(failed, applied);
    const needsRestart = changed.filter(({ apply }) => apply === undefined).map(({ key }) => key);
    this.log.info({ applied, needsRestart }, 'reloaded');
    return { applied, needsRestart };
  }
}

/** What both daemons do with it: on SIGHUP, and when they are asked. */
export function reloadHandler<T>(
  reloader: Reloader<T>,
  life: Pick<Life, 'onHangup'>,
  log: Log,
  service: Pick<ServiceManager, 'reloading'>,
): Handler {
  const reload = () => service.reloading(() => reloader.reload());
  life.onHangup(() => {
    reload().catch((err) => log.error({ err }, 'not-reloaded'));
  });
  return reload;
}

export interface CommonSettingsParts {
  readonly setLogLevel: (level: LogConfig['level']) => void;
  /** Throws `UserError` for programs that must not be run. */
  readonly setHooks: (hooks: Hooks) => void;
}

/** What configurations have in common. */
export function commonSettings({
  setLogLevel,
  setHooks,
}: CommonSettingsParts): readonly Setting<CommonConfig>[] {
  return [
    { key: 'tun', of: ({ tunName }) => tunName },
    { key: 'state-dir', of: ({ stateDir }) => stateDir },
    { key: 'metrics', of: ({ metrics }) => metrics },
    { key: 'dashboard', of: ({ dashboard }) => dashboard },
    { key: 'user', of: ({ user }) => user },
    { key: 'log', of: ({ log }) => log.format },
    { key: 'log-level', of: ({ log }) => log.level, apply: ({ log }) => setLogLevel(log.level) },
    ...HOOK_NAMES.map((key) => ({
      key,
      of: ({ hooks }: CommonConfig) => hooks[key],
      apply: ({ hooks }: CommonConfig) => setHooks(hooks),
    })),
  ];
}

function partly(failed: ReadonlyMap<string, Error>, applied: readonly string[]): UserError {
  const [[, cause]] = failed;
  return new UserError(`${[...failed.keys()].join(', ')} could not be put into force`, {
    cause,
    fix: `mend it and reload again; ${applied.length === 0 ? 'nothing else has changed' : `in force: ${applied.join(', ')}`}`,
  });
}

/** The same for equal values, whatever order their keys came in from the file. */
function textOf<T>({ of }: Setting<T>, config: T): string {
  return JSON.stringify(of(config)) ?? '';
}
