/** `struct fib_rule_hdr`: family, lengths, tos, table, reserved, action, flags; then FRA_* (linux/fib_rules.h). */

import type { Rule } from '../network-objects.ts';
import { AttrStream } from './library.ts';
import { AF, attributes, familyFrom, nameOf, numberOf, put32, u32 } from './values.ts';

const HEADER_BYTES = 12;
const FRA = {
  priority: 6,
  fwmark: 10,
  suppressPrefixLength: 14,
  table: 15,
  fwmask: 16,
  protocol: 21,
} as const;
const FR_ACT = { lookup: 1, unreachable: 7 } as const;
const FIB_RULE_INVERT = 2;
const NO_SUPPRESSION = 0xffffffff;

/** Null for another address family (multicast routing has rules too). */
export function parseRule(payload: Buffer): Rule | null {
  const family = familyFrom(payload[0]);
  if (!family) return null;
  const found = attributes(payload.subarray(HEADER_BYTES));
  const mark = found.get(FRA.fwmark);
  const mask = found.get(FRA.fwmask);
  const suppressAttribute = found.get(FRA.suppressPrefixLength);
  const suppress = suppressAttribute ? u32(suppressAttribute) : NO_SUPPRESSION;
  return {
    family,
    priority: numberOf(found.get(FRA.priority)),
    action: nameOf(FR_ACT, payload[7]),
    table: numberOf(found.get(FRA.table)) || payload[4],
    ...((mark || mask) && { mark: numberOf(mark), mask: mask ? u32(mask) : 0xffffffff }),
    isInverted: (u32(payload, 8) & FIB_RULE_INVERT) !== 0,
    ...(suppress !== NO_SUPPRESSION && { suppressPrefixLength: suppress }),
    protocol: found.get(FRA.protocol)?.[0] ?? 0,
  };
}

export function emitRule(rule: Rule): Uint8Array[] {
  const action = rule.action === 'other' ? 0 : FR_ACT[rule.action];
  const out = new AttrStream();
  const header = Buffer.of(AF[rule.family], 0, 0, 0, 0, 0, 0, action);
  out.emit(Buffer.concat([header, put32(rule.isInverted ? FIB_RULE_INVERT : 0)]));
  out.push(FRA.priority, put32(rule.priority));
  if (rule.action === 'lookup') out.push(FRA.table, put32(rule.table));
  if (rule.mark !== undefined) {
    out.push(FRA.fwmark, put32(rule.mark));
    out.push(FRA.fwmask, put32(rule.mask ?? 0xffffffff));
  }
  if (rule.suppressPrefixLength !== undefined) {
    out.push(FRA.suppressPrefixLength, put32(rule.suppressPrefixLength));
  }
  out.push(FRA.protocol, Buffer.of(rule.protocol));
  return out.bufs;
}
