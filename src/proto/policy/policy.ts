/** Which paths carry a packet. A policy is pure: what is known of the paths in, what to do with packets out. */
import type { Path } from '../path/path.ts';
import { auto } from './auto.ts';
import { bond, bondFlows } from './bond.ts';
import { failover } from './failover.ts';
import { redundant } from './redundant.ts';

export type PolicyName = 'redundant' | 'failover' | 'bond' | 'bond-flows' | 'auto';

export interface Policy {
  readonly name: PolicyName;
  /** In preferences, PROTOCOL.md §5. */
  readonly code: number;
  /** One line for people. */
  readonly summary: string;
  choose(view: View): Choice;
}

/** How badly copies are wanted: not at all, for small packets, for all. */
export const Alarm = { NONE: 0, SMALL: 1, ALL: 2 } as const;
export type Alarm = (typeof Alarm)[keyof typeof Alarm];

/** What a policy sees. */
export interface View {
  /**
   * Paths that may carry packets now, best first: usable and within their budgets; backups only while nothing else is up.
   */
  readonly paths: readonly Path[];
  readonly alarm: Alarm;
}

/** Bit `p` stands for path `p`. Both masks empty = nothing can be sent now. */
export interface Choice {
  /** Every packet goes over all of these. */
  readonly copies: number;
  /** Every packet goes over one of these: the one it arrives over first. */
  readonly spread: number;
  /** Small packets go over these as well. */
  readonly smallCopies: number;
  /** Spread flow by flow instead of packet by packet. */
  readonly byFlow: boolean;
}

export const POLICIES: readonly Policy[] = [redundant, failover, bond, bondFlows, auto];

export const POLICY_NAMES: readonly PolicyName[] = POLICIES.map((policy) => policy.name);

/** The policy of that name, or undefined. */
export function findPolicy(name: string): Policy | undefined {
  return POLICIES.find((policy) => policy.name === name);
}

/** Of a name that was checked before. */
export function policyNamed(name: PolicyName): Policy {
  return findPolicy(name) as Policy;
}

/** The policy of that number in a message, or undefined. */
export function policyOfCode(code: number): Policy | undefined {
  return POLICIES.find((policy) => policy.code === code);
}
