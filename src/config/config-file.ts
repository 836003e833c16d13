/** A TOML file as a flat record of keys, with everything that is wrong with it as `UserError` of exit status 78. */
import { readFileSync, statSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import { UserError } from '../errors.ts';
import { keyLines } from './toml-lines.ts';

/** A configuration is a page of text; a device or a log given by mistake is refused. */
const MAX_FILE_BYTES = 1 << 20;

export interface ConfigFile {
  readonly path: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** Where each key stands, from 1. */
  readonly lines: ReadonlyMap<string, number>;
  /** Others than the owner may read it. */
  readonly isExposed: boolean;
}

export function readConfigFile(path: string): ConfigFile {
  let text = '';
  try {
    const { mode, size } = statSync(path);
    if (size > MAX_FILE_BYTES)
      throw new UserError(`${path} is too large for a configuration`, { exitCode: 78 });
    text = readFileSync(path, 'utf8');
    return { path, values: parse(text), lines: keyLines(text), isExposed: (mode & 0o077) !== 0 };
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    if (cause instanceof TomlError) throw brokenToml(path, cause, text);
    throw new UserError(`the configuration file ${path} cannot be read`, {
      cause,
      fix:
        (cause as NodeJS.ErrnoException).code === 'EACCES'
          ? 'run this as root: sudo resip-vpn …; or name another one with --config FILE'
          : 'name another one with --config FILE',
      exitCode: 78,
    });
  }
}

/** Of the line, the key alone: the rest may hold an invite, and the parser's message would quote it. */
function brokenToml(path: string, error: TomlError, text: string): UserError {
  const key = /^\s*([A-Za-z0-9_-]+)\s*=/.exec(text.split('\n')[error.line - 1] ?? '')?.[1];
  const place = `${path}:${error.line}:${error.column}`;
  return new UserError(key === undefined ? place : `${place}: ${key}`, {
    cause: error.message.split('\n', 1)[0],
    fix: 'the format is TOML: key = "value", key = 1400, key = ["one", "two"]',
    exitCode: 78,
  });
}
