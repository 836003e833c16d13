/** Asks the running client for its policy and rules, or for other ones. */
import { resolve } from 'node:path';
import { readPolicy, readRules } from '../config/policy-config.ts';
import { askDaemon } from '../control/control-client.ts';
import type { PolicyAnswer } from '../daemon/policy-control.ts';

export interface PolicyAction {
  readonly stateDir: string;
  readonly name?: string;
  /** Absent = as they are. */
  readonly rules?: readonly string[];
  readonly isJson: boolean;
}

/** What holds afterwards. Throws `UserError` for names and rules that make no sense, before anybody is asked. */
export async function policy({ stateDir, name, rules, isJson }: PolicyAction): Promise<string> {
  if (name !== undefined) readPolicy(name);
  if (rules !== undefined) readRules(rules);
  const request = { command: 'policy', policy: name, rules };
  const answer = (await askDaemon(resolve(stateDir), request)) as PolicyAnswer;
  if (isJson) return `${JSON.stringify(answer, null, 2)}\n`;
  return `${answer.policy}\n${answer.rules.map((rule) => `  ${rule}\n`).join('')}`;
}
