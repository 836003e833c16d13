/** What `server init` and `join` have in common. */
import type { Options } from 'yargs';
import { UserError } from '../errors.ts';

/** Name of a file, a directory and a unit: nothing in it may need quoting. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,30}$/;

export function nameOption(usual: string): Options {
  return {
    type: 'string',
    requiresArg: true,
    default: usual,
    describe: 'Of the configuration, the service and the state directory, where a machine has several',
    coerce: (name: string) => {
      if (NAME.test(name)) return name;
      throw new UserError(`--name: expected letters, digits, - and _, got ${JSON.stringify(name)}`, {
        exitCode: 2,
      });
    },
  };
}
