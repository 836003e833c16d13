import { runScript } from './script.ts';

/** Throws `UserError`. */
export function runNat(verb: 'up' | 'down', options: readonly string[]): Promise<void> {
  return runScript('nat.sh', verb, options, 'use --no-nat');
}
