import { describe, expect, it } from 'vitest';
import { findPolicy, POLICIES, policyNamed } from '../../../src/proto/policy/policy.ts';
import { MAX_RULES, type Rule } from '../../../src/proto/policy/rule.ts';
import { parseRule } from '../../../src/proto/policy/rule-text.ts';
import {
  PathFlags,
  PREFERENCES_MAX_BYTES,
  PREFERENCES_TAKEN_BYTES,
  type Preferences,
  readPreferences,
  readPreferencesTaken,
  writePreferences,
  writePreferencesTaken,
} from '../../../src/proto/wire/preferences.ts';
import { embedded } from '../bytes.ts';

const bond = policyNamed('bond');
const fallback = policyNamed('redundant');
const RULES = ['udp:5000-5100=redundant', 'dscp:ef,size:0-300=failover', 'tcp=auto'].map(
  (text) => parseRule(text) as Rule,
);

function write(wish: Partial<Preferences>, number = 7): Uint8Array {
  const bytes = new Uint8Array(PREFERENCES_MAX_BYTES);
  const full = { policy: bond, rules: [], pathFlags: new Uint8Array(8), ...wish };
  return bytes.slice(0, writePreferences(bytes, 0, number, full));
}

function read(message: Uint8Array) {
  const { bytes, offset, length } = embedded(message);
  return readPreferences(bytes, offset, length, fallback);
}

describe('preferences', () => {
  it('are read as they were written, for every policy', () => {
    const pathFlags = Uint8Array.of(0, PathFlags.BACKUP, 0, PathFlags.METERED | PathFlags.BACKUP, 0, 0, 0, 0);
    for (const policy of POLICIES) {
      const wish = { policy, rules: RULES, pathFlags };
      expect(read(write(wish, 2 ** 32 - 1))).toEqual({ number: 2 ** 32 - 1, wish });
    }
  });

  it('fit their largest size with every rule and path', () => {
    const rules = Array.from({ length: MAX_RULES }, () => RULES[0]);
    const message = write({ rules, pathFlags: new Uint8Array(8).fill(1) });
    expect(message.length).toBe(PREFERENCES_MAX_BYTES);
    expect(read(message)?.wish.rules.length).toBe(MAX_RULES);
  });

  it('of a later version are read as far as they are known', () => {
    const message = write({ rules: [RULES[2]] });
    const unknownField = [99, 2, 1, 2];
    const longPolicy = [1, 2, bond.code, 0xff];
    const unknownPolicy = [1, 1, 200];
    const rule = [...message.slice(-14)];
    const unknownKind = rule.map((byte, i) => (i === 2 ? byte | 0x80 : byte));
    const ruleOfUnknownPolicy = rule.map((byte, i) => (i === 13 ? 200 : byte));
    const longRule = [rule[0], rule[1] + 1, ...rule.slice(2), 0];
    const head = [...message.slice(0, 5)];
    const of = (...fields: number[][]) => read(Uint8Array.from([head, ...fields].flat()))?.wish;
    expect(of(longPolicy, unknownField)).toMatchObject({ policy: bond, rules: [] });
    expect(of(unknownPolicy)?.policy).toBe(fallback);
    expect(of()?.policy).toBe(fallback);
    expect(of(longRule)?.rules).toEqual([RULES[2]]);
    expect(of(unknownKind, ruleOfUnknownPolicy)?.rules).toEqual([]);
  });

  it('that are malformed are refused whole', () => {
    const message = write({ rules: [RULES[0]], pathFlags: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0) });
    const tooLong: number[][] = [];
    for (let cut = 1; cut < message.length; cut++) {
      // Between two fields the rest is whole.
      if ([5, 8, 22].includes(cut)) continue;
      if (read(message.slice(0, cut)) !== null) tooLong.push([cut]);
    }
    expect(tooLong).toEqual([]);
    const head = [...message.slice(0, 5)];
    expect(read(Uint8Array.from([...head, 3, 2, 8, 1]))).toBeNull();
    expect(read(Uint8Array.from([...head, 3, 1, 0]))).toBeNull();
    expect(read(Uint8Array.from([...head, 1, 0]))).toBeNull();
    expect(read(Uint8Array.from([...head, 2, 11, ...message.slice(10, 21)]))).toBeNull();
    const rule = [...message.slice(8, 22)];
    const many = Array.from({ length: MAX_RULES + 1 }, () => rule).flat();
    expect(read(Uint8Array.from([...head, ...many]))).toBeNull();
  });

  it('are answered with their number', () => {
    const bytes = new Uint8Array(PREFERENCES_TAKEN_BYTES);
    writePreferencesTaken(bytes, 0, 2 ** 31 + 5);
    expect(readPreferencesTaken(bytes, 0, bytes.length)).toBe(2 ** 31 + 5);
    expect(readPreferencesTaken(bytes, 0, bytes.length - 1)).toBe(-1);
  });

  it('know no policy but those with a name', () => {
    expect(findPolicy('fastest')).toBeUndefined();
  });
});
