import { copyOver, maskOf, spreadOver } from './choice.ts';
import { Alarm, type Policy } from './policy.ts';

/** As `bond` while the paths are clean, as `redundant` when they are not; small packets are copied earlier. */
export const auto: Policy = {
  name: 'auto',
  code: 4,
  summary: 'bond while the links are clean, copies as soon as they are not',
  choose({ paths, alarm }) {
    if (alarm === Alarm.ALL) return copyOver(paths);
    return spreadOver(paths, false, alarm === Alarm.SMALL ? maskOf(paths) : 0);
  },
};
