/** `policy` on a client's control socket: what holds, and what is to hold from now on. */
import { readPolicy, readRules } from '../config/policy-config.ts';
import type { Handler } from '../control/protocol.ts';
import type { Engine } from '../engine/engine-client.ts';
import type { PolicyName } from '../proto/policy/policy.ts';
import type { Rule } from '../proto/policy/rule.ts';
import { formatRule } from '../proto/policy/rule-text.ts';
import type { Log } from './log.ts';

/** `rules` as `--rule` takes them. */
export interface PolicyAnswer {
  readonly policy: PolicyName;
  readonly rules: readonly string[];
}

/** `start`: what the configuration says. What is changed ends with the process. */
export function policyHandler(
  start: { readonly policy: PolicyName; readonly rules: readonly Rule[] },
  engine: Engine,
  log: Log,
): Handler {
  let { policy, rules } = start;
  return async (request) => {
    if (request.policy !== undefined || request.rules !== undefined) {
      const name = request.policy === undefined ? policy : readPolicy(String(request.policy));
      rules =
        request.rules === undefined ? rules : readRules((request.rules as readonly unknown[]).map(String));
      policy = name;
      engine.post({ kind: 'policy', policy, rules });
      log.info({ policy, rules: rules.map(formatRule) }, 'policy');
    }
    return { policy, rules: rules.map(formatRule) } satisfies PolicyAnswer;
  };
}
