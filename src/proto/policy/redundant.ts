import { isUsable } from '../path/path.ts';
import type { Policy } from './policy.ts';

/** Every usable path carries every packet: the first copy wins, a link that dies costs nothing. */
export const redundant: Policy = {
  name: 'redundant',
  choose(paths) {
    let mask = 0;
    for (let id = 0; id < paths.length; id++) {
      const path = paths[id];
      if (path !== null && isUsable(path.state) && !path.isExhausted) mask |= 1 << id;
    }
    return mask;
  },
};
