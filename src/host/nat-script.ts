/** Runs `scripts/nat.sh`, where all firewall work is done and can be repeated by hand. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { UserError } from '../errors.ts';

const NAT_SCRIPT = fileURLToPath(new URL('../../scripts/nat.sh', import.meta.url));
/** Each iptables call waits up to 5 s for a lock that another program holds. */
const TIMEOUT_MS = 60_000;
const run = promisify(execFile);

/** Throws `UserError` with the script's complaint. */
export async function runNat(verb: 'up' | 'down', options: readonly string[]): Promise<void> {
  try {
    await run('bash', [NAT_SCRIPT, verb, ...options], { timeout: TIMEOUT_MS });
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    throw new UserError(`nat.sh ${verb} failed`, {
      cause: complaint(stderr) ?? message,
      fix: `try it by hand: bash ${[NAT_SCRIPT, verb, ...options].join(' ')}; or use --no-nat`,
    });
  }
}

/** The last line that is neither an echoed command nor the script's way back. */
function complaint(stderr: string): string | undefined {
  const [forward] = stderr.split(/^nat\.sh: failed;.*$/m);
  return forward.split('\n').findLast((line) => line !== '' && !line.startsWith('[#] '));
}
