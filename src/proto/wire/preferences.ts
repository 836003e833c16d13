/**
 * What the client wishes of the way back: policy, rules, and what its owner said of the paths. PROTOCOL.md §5.
 *
 *   preferences        command ‖ number (4) ‖ TLVs: policy, rule …, path …
 *   preferences taken  command ‖ number (4)
 */
import { PATHS_PER_PEER } from '../packet-batch.ts';
import { type Policy, policyNamed, policyOfCode } from '../policy/policy.ts';
import { MAX_RULES, type Range, type Rule } from '../policy/rule.ts';
import { Command } from './commands.ts';
import { readU16, readU32, writeU16, writeU32 } from './integers.ts';
import { TlvReader, writeTlv } from './tlv.ts';

const NUMBER = 1;
const TLVS = 5;

const Field = { POLICY: 1, RULE: 2, PATH: 3 } as const;

// A rule's value; later versions may add bytes behind it.
const RULE_PRESENT = 0;
const RULE_PROTOCOL = 1;
const RULE_PORTS = 2;
const RULE_DSCP = 6;
const RULE_SIZE = 7;
const RULE_POLICY = 11;
const RULE_BYTES = 12;
/** Which fields of a rule mean something. */
const Present = { PROTOCOL: 1, PORTS: 2, DSCP: 4, SIZE: 8 } as const;
const KNOWN_PRESENT = 15;

/** Of a path. */
export const PathFlags = { BACKUP: 1, METERED: 2 } as const;
const PATH_BYTES = 2;

export const PREFERENCES_TAKEN_BYTES = 5;
export const PREFERENCES_MAX_BYTES =
  TLVS + 3 + MAX_RULES * (2 + RULE_BYTES) + PATHS_PER_PEER * (2 + PATH_BYTES);

export interface Preferences {
  readonly policy: Policy;
  readonly rules: readonly Rule[];
  /** `PathFlags` of each path id. */
  readonly pathFlags: Uint8Array;
}

/** Returns the length, at most `PREFERENCES_MAX_BYTES`. */
export function writePreferences(bytes: Uint8Array, at: number, number: number, wish: Preferences): number {
  bytes[at] = Command.PREFERENCES;
  writeU32(bytes, at + NUMBER, number);
  let end = at + TLVS;
  end += writeTlv(bytes, end, Field.POLICY, [wish.policy.code]);
  for (const rule of wish.rules) end += writeTlv(bytes, end, Field.RULE, ruleValue(rule));
  for (let id = 0; id < PATHS_PER_PEER; id++)
    if (wish.pathFlags[id] !== 0) end += writeTlv(bytes, end, Field.PATH, [id, wish.pathFlags[id]]);
  return end - at;
}

/**
 * Number and wish, or null when malformed. Unknown fields are skipped, and so are rules of a kind or with a policy that this
 * version does not know; without a known policy the wish is `fallback`.
 */
export function readPreferences(
  bytes: Uint8Array,
  offset: number,
  length: number,
  fallback: Policy,
): { readonly number: number; readonly wish: Preferences } | null {
  if (length < TLVS) return null;
  const number = readU32(bytes, offset + NUMBER);
  const rules: Rule[] = [];
  const pathFlags = new Uint8Array(PATHS_PER_PEER);
  let policy = fallback;
  const reader = new TlvReader();
  reader.reset(bytes, offset + TLVS, length - TLVS);
  while (reader.next()) {
    const at = reader.valueOffset;
    switch (reader.type) {
      case Field.POLICY:
        if (reader.valueLength < 1) return null;
        policy = policyOfCode(bytes[at]) ?? fallback;
        break;
      case Field.RULE: {
        if (reader.valueLength < RULE_BYTES || rules.length === MAX_RULES) return null;
        const rule = readRule(bytes, at);
        if (rule !== null) rules.push(rule);
        break;
      }
      case Field.PATH:
        if (reader.valueLength < PATH_BYTES || bytes[at] >= PATHS_PER_PEER) return null;
        pathFlags[bytes[at]] = bytes[at + 1];
        break;
    }
  }
  return reader.ok ? { number, wish: { policy, rules, pathFlags } } : null;
}

/** Returns `PREFERENCES_TAKEN_BYTES`. */
export function writePreferencesTaken(bytes: Uint8Array, at: number, number: number): number {
  bytes[at] = Command.PREFERENCES_TAKEN;
  writeU32(bytes, at + NUMBER, number);
  return PREFERENCES_TAKEN_BYTES;
}

/** The number, or -1 when malformed. */
export function readPreferencesTaken(bytes: Uint8Array, offset: number, length: number): number {
  return length < PREFERENCES_TAKEN_BYTES ? -1 : readU32(bytes, offset + NUMBER);
}

function ruleValue({ protocol, ports, dscp, size, policy }: Rule): Uint8Array {
  const value = new Uint8Array(RULE_BYTES);
  value[RULE_PRESENT] =
    (protocol === null ? 0 : Present.PROTOCOL) |
    (ports === null ? 0 : Present.PORTS) |
    (dscp === null ? 0 : Present.DSCP) |
    (size === null ? 0 : Present.SIZE);
  value[RULE_PROTOCOL] = protocol ?? 0;
  writeRange(value, RULE_PORTS, ports);
  value[RULE_DSCP] = dscp ?? 0;
  writeRange(value, RULE_SIZE, size);
  value[RULE_POLICY] = policyNamed(policy).code;
  return value;
}

/** Null: of a kind that this version does not know. */
function readRule(bytes: Uint8Array, at: number): Rule | null {
  const present = bytes[at + RULE_PRESENT];
  const policy = policyOfCode(bytes[at + RULE_POLICY]);
  if (policy === undefined || (present & ~KNOWN_PRESENT) !== 0) return null;
  return {
    protocol: present & Present.PROTOCOL ? bytes[at + RULE_PROTOCOL] : null,
    ports: present & Present.PORTS ? readRange(bytes, at + RULE_PORTS) : null,
    dscp: present & Present.DSCP ? bytes[at + RULE_DSCP] : null,
    size: present & Present.SIZE ? readRange(bytes, at + RULE_SIZE) : null,
    policy: policy.name,
  };
}

function writeRange(bytes: Uint8Array, at: number, range: Range | null): void {
  writeU16(bytes, at, range?.from ?? 0);
  writeU16(bytes, at + 2, range?.to ?? 0);
}

/** A range that ends before it begins matches nothing. */
function readRange(bytes: Uint8Array, at: number): Range {
  return { from: readU16(bytes, at), to: readU16(bytes, at + 2) };
}
