import { spreadOver } from './choice.ts';
import type { Policy } from './policy.ts';

/** Each packet over the path that it arrives over first: all paths fill evenly, one flow gets the sum of them. */
export const bond: Policy = {
  name: 'bond',
  code: 2,
  summary: 'the sum of all links: each packet over the one that delivers it first',
  choose: ({ paths }) => spreadOver(paths, false),
};

/** Each flow over one path until it pauses: nothing is reordered, and one flow gets no more than one path. */
export const bondFlows: Policy = {
  name: 'bond-flows',
  code: 3,
  summary: 'the links shared out by flow: nothing reordered, one flow takes one link',
  choose: ({ paths }) => spreadOver(paths, true),
};
