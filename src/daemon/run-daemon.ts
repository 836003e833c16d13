/** What a process of either role does from its flags to its end. */
import type { CommonConfig, ConfigKind, LogConfig } from '../config/common-config.ts';
import { loadConfig } from '../config/load-config.ts';
import { startEngine } from '../engine/engine-client.ts';
import { becomeUser } from './become-user.ts';
import type { StartEngine } from './engine-start.ts';
import { type Life, runUntilEnd } from './lifecycle.ts';
import type { Log } from './log.ts';
import { createLogs } from './logs.ts';
import { findServiceManager, type ServiceManager } from './service-manager.ts';

/** What either role is made of. */
export interface DaemonParts<Config> {
  readonly startEngine: StartEngine;
  readonly service: ServiceManager;
  /** Milliseconds since the epoch. */
  readonly clockMs: () => number;
  /** A child of the log for one component. */
  readonly logFor: (component?: string) => Log;
  readonly setLogLevel: (level: LogConfig['level']) => void;
  /** The configuration as it is now. Throws `ConfigError`. */
  readonly loadConfig: () => Config;
}

/** Resolves after a signal. Throws `UserError`. */
export async function runDaemon<Config extends CommonConfig>(
  kind: ConfigKind<Config>,
  flags: Readonly<Record<string, unknown>>,
  start: (config: Config, parts: DaemonParts<Config>, life: Life) => Promise<void>,
): Promise<void> {
  process.umask(0o077);
  const { config, path, warnings } = loadConfig(kind, flags);
  becomeUser(config, path === undefined ? [] : [path]);
  const { logFor, setLevel } = createLogs(config.log);
  const log = logFor();
  if (path !== undefined) log.info({ path }, 'configuration');
  for (const what of warnings) log.warn({ what }, 'configuration-warning');
  const service = findServiceManager(log);
  const parts = {
    startEngine,
    service,
    clockMs: Date.now,
    logFor,
    setLogLevel: setLevel,
    loadConfig: () => loadConfig(kind, flags).config,
  };
  await runUntilEnd(
    log,
    (life) => start(config, parts, life),
    () => service.stopping(),
  );
}
