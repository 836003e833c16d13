/** Asks the running client for its paths, or for other ones. */
import { resolve } from 'node:path';
import { parseInterfaceSpec } from '../config/interface-spec.ts';
import { askDaemon } from '../control/control-client.ts';
import type { PathList } from '../daemon/client-control.ts';
import { UserError } from '../errors.ts';
import { formatUnusable } from './unusable.ts';

export interface PathAction {
  readonly stateDir: string;
  readonly action: 'list' | 'add' | 'remove';
  /** `add`: with options, as `-i` takes it. */
  readonly interface?: string;
  readonly isJson: boolean;
}

/** The list as it is afterwards. */
export async function listPaths({ stateDir, action, interface: name, isJson }: PathAction): Promise<string> {
  if (action === 'add') checkSpec(name ?? '');
  const request = { command: `path-${action}`, interface: name };
  const list = (await askDaemon(resolve(stateDir), request)) as PathList;
  return isJson ? `${JSON.stringify(list, null, 2)}\n` : formatPaths(list);
}

function checkSpec(text: string): void {
  const { mistakes } = parseInterfaceSpec(text);
  if (mistakes.length === 0) return;
  const lines = mistakes.map((mistake) => `${text}: expected ${mistake}`);
  throw new UserError(lines.join('\n'), { exitCode: 2 });
}

/** One line per wish, with what is open of it; then why the others are not. */
function formatPaths({ wanted, open, unusable }: PathList): string {
  const lines = wanted.map(({ interface: text, interfaces }) => {
    const paths = open.filter(({ interfaceName }) => interfaces.includes(interfaceName));
    const told = paths.map(({ interfaceName, family }) => `${interfaceName} (IPv${family})`);
    return `${text}  ${told.length === 0 ? 'not usable now' : `open: ${told.join(', ')}`}\n`;
  });
  const reasons = formatUnusable(unusable).map((line) => `${line}\n`);
  return [...lines, ...(reasons.length === 0 ? [] : ['\n']), ...reasons].join('');
}
