/** Which policy carries which packets, as long as the client runs: by the control socket's `policy`, or by a configuration read anew. */
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

export interface PolicyWish {
  readonly policy: PolicyName;
  readonly rules: readonly Rule[];
}

export class PolicyControl {
  constructor(
    private current: PolicyWish,
    private readonly engine: Pick<Engine, 'post'>,
    private readonly log: Log,
  ) {}

  set({ policy, rules }: PolicyWish): void {
    this.current = { policy, rules };
    this.engine.post({ kind: 'policy', policy, rules });
    this.log.info({ ...this.answer }, 'policy');
  }

  /** Without `policy` and `rules` the request asks only. Throws `UserError` for what makes no sense. */
  readonly handler: Handler = async (request) => {
    const { policy, rules } = request;
    if (policy !== undefined || rules !== undefined) {
      if (rules !== undefined && !Array.isArray(rules)) throw new Error('rules are a list');
      this.set({
        policy: policy === undefined ? this.current.policy : readPolicy(String(policy)),
        rules: rules === undefined ? this.current.rules : readRules(rules.map(String)),
      });
    }
    return this.answer;
  };

  private get answer(): PolicyAnswer {
    return { policy: this.current.policy, rules: this.current.rules.map(formatRule) };
  }
}
