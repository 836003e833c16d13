/** Which paths carry copies of a packet. A policy is pure: path states in, path mask out. */
import type { Path } from '../path/path.ts';
import { redundant } from './redundant.ts';

export interface Policy {
  readonly name: string;
  /** Bit `p` = path `p` carries a copy; 0 = nothing can be sent now. `paths[p]` is null where no path is. */
  choose(paths: readonly (Path | null)[]): number;
}

const POLICIES: readonly Policy[] = [redundant];

export const POLICY_NAMES: readonly string[] = POLICIES.map((policy) => policy.name);

/** The policy of that name, or undefined. */
export function findPolicy(name: string): Policy | undefined {
  return POLICIES.find((policy) => policy.name === name);
}
