import type { Policy } from './policy.ts';

/** Every usable path carries every packet: the first copy wins, a link that dies costs nothing. */
export const redundant: Policy = {
  name: 'redundant',
  code: 0,
  summary: 'every packet over every link; the first copy wins',
  choose({ paths }) {
    let mask = 0;
    for (const { id } of paths) mask |= 1 << id;
    return { copies: mask, spread: 0, smallCopies: 0, byFlow: false };
  },
};
