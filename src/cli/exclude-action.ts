/** Runs a program whose packets the tunnel does not take: `scripts/exclude.sh`, with the marks of the running client. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { askDaemon } from '../control/control-client.ts';
import type { Exclusion } from '../host/client-network.ts';
import { runTool } from '../host/run-tool.ts';
import { PACKAGE_ROOT } from '../package-root.ts';

const SCRIPT = fileURLToPath(new URL('scripts/exclude.sh', PACKAGE_ROOT));

export interface ExcludedCommand {
  readonly stateDir: string;
  /** Over this link alone; absent: over the one that the machine would use. */
  readonly interfaceName?: string;
  /** Nothing leaves afterwards; absent: no limit. */
  readonly forMs?: number;
  /** Undefined and root: as whoever runs this. */
  readonly user: string | undefined;
  readonly command: readonly string[];
}

/** Exit status of the command. Throws `UserError`. */
export async function runExcluded(wish: ExcludedCommand): Promise<number> {
  const { stateDir, interfaceName, forMs, user, command } = wish;
  const request = { command: 'exclusion', interface: interfaceName };
  const { name, mark4, mark6, connectionMark } = (await askDaemon(resolve(stateDir), request)) as Exclusion;
  const options = ['--name', name, '--mark4', mark4, '--mark6', mark6, '--connection', connectionMark];
  if (forMs !== undefined) options.push('--seconds', Math.round(forMs / 1_000));
  if (user !== undefined && user !== '' && user !== 'root') options.push('--user', user);
  const child = spawn('bash', [SCRIPT, 'run', ...options.map(String), '--', ...command], {
    stdio: 'inherit',
  });
  // The terminal tells both; whoever ends this one means the command.
  const pass = (signal: NodeJS.Signals) => child.kill(signal);
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, pass);
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  await runTool('bash', [SCRIPT, 'done', '--name', name]);
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}
