import { copyOver } from './choice.ts';
import type { Policy } from './policy.ts';

/** The best path carries everything; while it is suspect, the next best carries copies. */
export const failover: Policy = {
  name: 'failover',
  code: 1,
  summary: 'the best link alone, the next one the moment it fails',
  choose({ paths }) {
    return copyOver(paths.slice(0, paths.length > 0 && paths[0].state === 'up' ? 1 : 2));
  },
};
