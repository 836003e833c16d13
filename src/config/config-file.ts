/** A TOML file as a flat record of keys, with everything that is wrong with it as `UserError` of exit status 78. */
import { readFileSync, statSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import { UserError } from '../errors.ts';

/** A configuration is a page of text; a device or a log given by mistake is refused. */
const MAX_FILE_BYTES = 1 << 20;

export interface ConfigFile {
  readonly path: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** Others than the owner may read it. */
  readonly isExposed: boolean;
}

export function readConfigFile(path: string): ConfigFile {
  try {
    const { mode, size } = statSync(path);
    if (size > MAX_FILE_BYTES)
      throw new UserError(`${path} is too large for a configuration`, { exitCode: 78 });
    return { path, values: parse(readFileSync(path, 'utf8')), isExposed: (mode & 0o077) !== 0 };
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    if (cause instanceof TomlError) throw brokenToml(path, cause);
    throw new UserError(`the configuration file ${path} cannot be read`, {
      cause,
      fix: 'name another one with --config FILE',
      exitCode: 78,
    });
  }
}

/** Only the first line of the parser's message: the rest quotes the file, and the file may hold an invite. */
function brokenToml(path: string, error: TomlError): UserError {
  return new UserError(`${path}, line ${error.line}, column ${error.column}`, {
    cause: error.message.split('\n', 1)[0],
    fix: 'the format is TOML: key = "value"',
    exitCode: 78,
  });
}
