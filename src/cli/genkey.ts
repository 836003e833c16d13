import { randomBytes } from 'node:crypto';
import type { CommandModule } from 'yargs';
import { withExamples } from './options.ts';

export const genkeyCommand: CommandModule = {
  command: 'genkey',
  describe: 'Print a new private key',
  builder: (parser) =>
    withExamples(parser.strict(), [
      ['genkey > private.key', 'A new private key; `umask 077` before keeps it from others'],
    ]),
  handler: () => {
    const key = randomBytes(32);
    // RFC 7748 §5: the form that every other program expects.
    key[0] &= 248;
    key[31] = (key[31] & 127) | 64;
    process.stdout.write(`${key.toString('base64')}\n`);
  },
};
