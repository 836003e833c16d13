/** A log for what two programs can do to each other without end: the same warning at most every ten seconds, with how often it was. */
import type { HostLog } from './host-log.ts';

const EVERY_MS = 10_000;
/** Different warnings remembered; beyond these the oldest may come sooner again. */
const MAX_KNOWN = 64;

export function limitedLog(log: HostLog, nowMs: () => number = () => performance.now()): HostLog {
  const known = new Map<string, { saidMs: number; times: number }>();
  return {
    debug: (fields, event) => log.debug(fields, event),
    info: (fields, event) => log.info(fields, event),
    warn: (fields, event) => {
      const key = JSON.stringify([event, fields]);
      const before = known.get(key);
      const times = (before?.times ?? 0) + 1;
      if (before !== undefined && nowMs() - before.saidMs < EVERY_MS) {
        before.times = times;
        return;
      }
      known.delete(key);
      known.set(key, { saidMs: nowMs(), times: 0 });
      if (known.size > MAX_KNOWN) known.delete(known.keys().next().value ?? '');
      log.warn(times > 1 ? { ...fields, times } : fields, event);
    },
  };
}
