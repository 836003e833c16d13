import type { CommandModule } from 'yargs';
import { POLICIES } from '../proto/policy/policy.ts';
import { RULE_GRAMMAR } from '../proto/policy/rule-text.ts';
import { single, stateDirOption, withExamples } from './options.ts';

/** One line per policy, for every `--help` that speaks of them. */
export const POLICY_LINES = POLICIES.map(({ name, summary }) => `  ${name.padEnd(12)}${summary}`).join('\n');

export const policyCommand: CommandModule = {
  command: 'policy [name]',
  describe: 'Show or change which links the running client and its server use for which packets',
  builder: (parser) =>
    withExamples(
      parser
        .usage(
          `$0 policy [NAME] [--rule MATCH=POLICY …]\n\nShow or change which links carry which packets, both ways, as long as the client runs. Policies:\n\n${POLICY_LINES}\n\nRules name traffic that goes by another policy; the first that matches wins:\n\n${RULE_GRAMMAR}`,
        )
        .positional('name', { type: 'string', describe: 'Policy of all that no rule names' })
        .options({
          rule: {
            type: 'string',
            array: true,
            requiresArg: true,
            describe: 'MATCH=POLICY; may be repeated; in place of all rules before',
          },
          'no-rules': { type: 'boolean', describe: 'No rules any more' },
          json: { type: 'boolean', describe: 'In a form that stays' },
          'state-dir': stateDirOption,
        })
        .conflicts('rule', 'no-rules')
        .strict(),
      [
        ['policy', 'What holds now'],
        ["policy bond --rule 'udp:5000-5100=redundant'", 'The sum of the links, calls over all of them'],
      ],
    ),
  handler: async (parsed) => {
    const { policy } = await import('./policy-action.ts');
    const name = parsed.name === undefined ? undefined : single(parsed, 'name');
    const rules = parsed['no-rules'] === true ? [] : (parsed.rule as readonly string[] | undefined);
    const stateDir = single(parsed, 'state-dir');
    process.stdout.write(await policy({ stateDir, name, rules, isJson: parsed.json === true }));
  },
};
