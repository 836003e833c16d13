/** Runs one of `scripts/`, where work on the firewall is done and can be repeated by hand. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { UserError } from '../errors.ts';
import { PACKAGE_ROOT } from '../package-root.ts';

/** Each iptables call waits up to 5 s for a lock that another program holds. */
const TIMEOUT_MS = 60_000;
const run = promisify(execFile);

/** Throws `UserError` with the script's complaint; `otherwise` says what can be done without it. */
export async function runScript(
  name: string,
  verb: 'up' | 'down',
  options: readonly string[],
  otherwise: string,
): Promise<void> {
  const path = fileURLToPath(new URL(`scripts/${name}`, PACKAGE_ROOT));
  try {
    await run('bash', [path, verb, ...options], { timeout: TIMEOUT_MS });
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    throw new UserError(`${name} ${verb} failed`, {
      cause: complaint(name, stderr) ?? message,
      fix: `try it by hand: bash ${[path, verb, ...options].join(' ')}; or ${otherwise}`,
    });
  }
}

/** The last line that is neither an echoed command nor the script's way back. */
function complaint(name: string, stderr: string): string | undefined {
  const [forward] = stderr.split(`${name}: failed;`);
  return forward.split('\n').findLast((line) => line !== '' && !line.startsWith('[#] '));
}
