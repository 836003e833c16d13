/** Options that several verbs share, and the way from parsed words to the flags that the configuration reads. */
import type { Argv, Options } from 'yargs';
import { HOOK_NAMES, type HookName } from '../config/hook-names.ts';
import { UserError } from '../errors.ts';
import { findStateDir } from '../state/find-state-dir.ts';

const USUAL_STATE_DIR = '/var/lib/resip-vpn';

export const stateDirOption: Options = {
  type: 'string',
  requiresArg: true,
  default: USUAL_STATE_DIR,
  describe: 'Directory of keys, leases and the control socket; that of the service where one is installed',
  coerce: (given) => (given === USUAL_STATE_DIR ? findStateDir(given, 'any') : given),
};

/** For what only a server's directory has. */
export const serverStateDirOption: Options = {
  ...stateDirOption,
  coerce: (given) => (given === USUAL_STATE_DIR ? findStateDir(given, 'server') : given),
};

/** Command lines that can be copied: yargs' own examples are broken into columns. */
export function withExamples(
  parser: Argv,
  examples: readonly (readonly [line: string, does: string])[],
): Argv {
  const lines = examples.map(([line, does]) => `  # ${does}\n  resip-vpn ${line}`);
  return parser.epilogue(['Examples:', ...lines].join('\n'));
}

const HOOK_TEXTS: Readonly<Record<HookName, string>> = {
  'pre-up': 'before the tunnel exists; when it fails, so does the start',
  'post-up': 'when the tunnel can be used, and when it has got another address',
  'pre-down': 'before the tunnel goes',
  'post-down': 'when everything is as it was',
  'path-up': 'when a path begins to carry',
  'path-down': 'when a path carries no more',
};

function hookOptions(): Record<string, Options> {
  const option = (name: HookName) =>
    ({
      type: 'string',
      array: true,
      requiresArg: true,
      describe: `Program to run ${HOOK_TEXTS[name]}; may be repeated`,
    }) as const;
  return Object.fromEntries(HOOK_NAMES.map((name) => [name, option(name)]));
}

/** For both daemons. Defaults stand in the text: a flag that is not given must not win over the file. */
export const daemonOptions: Readonly<Record<string, Options>> = {
  tun: { type: 'string', requiresArg: true, describe: 'Name of the tunnel interface [tun0]' },
  'state-dir': {
    type: 'string',
    requiresArg: true,
    describe: 'Directory of keys, leases and the control socket [/var/lib/resip-vpn]',
  },
  user: {
    type: 'string',
    requiresArg: true,
    describe: 'Become this user when root starts it, and keep the rights to the network alone [nobody else]',
  },
  metrics: {
    type: 'string',
    requiresArg: true,
    describe: 'Metrics for Prometheus: 127.0.0.1:PORT or unix:PATH [none]',
  },
  dashboard: {
    type: 'string',
    requiresArg: true,
    describe:
      'Live page for browsers of this machine: 127.0.0.1:PORT; `resip-vpn dashboard` tells its address [none]',
  },
  log: { type: 'string', requiresArg: true, describe: 'Log as text or json [text]' },
  ...hookOptions(),
  'log-level': { type: 'string', requiresArg: true, describe: 'debug, info, warn or error [info]' },
};

/** What is not a flag of the configuration. */
const NOT_FLAGS = new Set(['_', '$0', 'help', 'version', 'verbose']);

/** Flags as given; `--verbose` is `--log-level debug`. Throws `UserError` for words that belong to no flag. */
export function flagsOf(parsed: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const [command, ...others] = parsed._ as readonly string[];
  if (others.length > 0) {
    throw new UserError(`${command} does not know what to do with ${others.join(' ')}`, {
      fix: `see resip-vpn ${command} --help`,
      exitCode: 2,
    });
  }
  const given = Object.entries(parsed).filter(([key, value]) => !NOT_FLAGS.has(key) && value !== undefined);
  const flags = Object.fromEntries(given);
  return parsed.verbose === true && !('log-level' in flags) ? { ...flags, 'log-level': 'debug' } : flags;
}

/** A flag that counts once. Throws `UserError` when it came several times. */
export function single(parsed: Readonly<Record<string, unknown>>, key: string): string {
  const value = parsed[key];
  if (typeof value === 'string' && value !== '') return value;
  throw new UserError(`--${key} wants one value`, { exitCode: 2 });
}
