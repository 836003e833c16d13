/** All logs of one daemon: one per component, whose level can be changed while it runs. */
import type { LogConfig } from '../config/common-config.ts';
import { createLog, type Log } from './log.ts';

export interface Logs {
  readonly logFor: (component?: string) => Log;
  readonly setLevel: (level: LogConfig['level']) => void;
}

export function createLogs(config: LogConfig): Logs {
  const root = createLog(config);
  const children = new Map<string, typeof root>();
  return {
    logFor: (component) => {
      if (component === undefined) return root;
      const known = children.get(component) ?? root.child({ component });
      children.set(component, known);
      return known;
    },
    // A child has a level of its own from its birth on.
    setLevel: (level) => {
      for (const log of [root, ...children.values()]) log.level = level;
    },
  };
}
