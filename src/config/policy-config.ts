/** Names of policies and texts of rules, from whoever types them. */
import { z } from 'zod';
import { UserError } from '../errors.ts';
import { findPolicy, POLICY_NAMES, type PolicyName } from '../proto/policy/policy.ts';
import { MAX_RULES, type Rule } from '../proto/policy/rule.ts';
import { parseRule } from '../proto/policy/rule-text.ts';
import { several } from './fields.ts';
import { nearest } from './nearest.ts';

/** One rule; the message says which part is wrong. */
const rule = z
  .string({ error: 'a rule such as udp:5000-5100=redundant' })
  .transform((text, context): Rule => {
    const parsed = parseRule(text);
    if (typeof parsed !== 'string') return parsed;
    context.issues.push({ code: 'custom', message: `a rule MATCH=POLICY: ${parsed}`, input: text });
    return z.NEVER;
  });

export const rules = several(rule, MAX_RULES, 'rule').default([]);

/** Throws `UserError`. */
export function readPolicy(name: string): PolicyName {
  const policy = findPolicy(name);
  if (policy !== undefined) return policy.name;
  const near = nearest(name, POLICY_NAMES);
  throw new UserError(`there is no policy ${name}`, {
    cause: `there are ${POLICY_NAMES.join(', ')}`,
    ...(near === undefined ? {} : { fix: `did you mean ${near}?` }),
    exitCode: 2,
  });
}

/** Throws `UserError` that names every rule that makes no sense. */
export function readRules(texts: readonly string[]): Rule[] {
  const parsed = texts.map(parseRule);
  const wrong = parsed.flatMap((one, i) => (typeof one === 'string' ? [`--rule ${texts[i]}: ${one}`] : []));
  if (texts.length > MAX_RULES) wrong.push(`at most ${MAX_RULES} rules, not ${texts.length}`);
  if (wrong.length > 0) throw new UserError(wrong.join('\n'), { exitCode: 2 });
  return parsed as Rule[];
}
