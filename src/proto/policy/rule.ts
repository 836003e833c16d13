/** Rules: which policy carries which traffic. The first that matches wins. */
import type { FlowReader } from '../wire/flow.ts';
import type { PolicyName } from './policy.ts';

export interface Rule {
  /** IP protocol number; ICMP means both versions of it. Null = any. */
  readonly protocol: number | null;
  /** Either port of a packet lies in it. Null = any, and packets without ports as well. */
  readonly ports: Range | null;
  /** 0..63, null = any. */
  readonly dscp: number | null;
  /** Bytes of the IP packet. Null = any. */
  readonly size: Range | null;
  readonly policy: PolicyName;
}

/** Both ends belong to it; 0..65,535. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** More would cost time per packet, and nobody could read them. */
export const MAX_RULES = 32;

/** Whether the packet that `flow` was read from, `length` bytes long, is of the rule's kind. */
export function matches(rule: Rule, flow: FlowReader, length: number): boolean {
  if (rule.protocol !== null && rule.protocol !== flow.protocol) return false;
  if (rule.dscp !== null && rule.dscp !== flow.dscp) return false;
  if (rule.size !== null && !isWithin(rule.size, length)) return false;
  const { ports } = rule;
  return ports === null || isWithin(ports, flow.sourcePort) || isWithin(ports, flow.destinationPort);
}

function isWithin(range: Range, value: number): boolean {
  return value >= range.from && value <= range.to;
}
