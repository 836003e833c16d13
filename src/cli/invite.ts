import type { CommandModule } from 'yargs';
import { UserError } from '../errors.ts';
import { serverStateDirOption, single, withExamples } from './options.ts';

export const inviteCommand: CommandModule = {
  command: 'invite <name>',
  describe: 'Print an invite: one line that makes one new client',
  builder: (parser) =>
    withExamples(
      parser
        .usage(
          '$0 invite NAME [--endpoint HOST:PORT] [--qr]\n\nPrint an invite: one line that makes one new client',
        )
        .positional('name', { type: 'string', demandOption: true, describe: 'Name of the client to be' })
        .options({
          endpoint: {
            type: 'string',
            requiresArg: true,
            describe: 'HOST:PORT under which clients reach this server [`endpoint` of its configuration]',
          },
          qr: { type: 'boolean', describe: 'Draw it for a camera, too' },
          expires: {
            type: 'string',
            requiresArg: true,
            default: '7d',
            describe: 'Valid for this long, or never',
          },
          'state-dir': serverStateDirOption,
        })
        .strict(),
      [['invite laptop --endpoint vpn.example.org:4600 > laptop.invite', 'For a laptop, valid for a week']],
    ),
  handler: async (parsed) => {
    const [config, { configuredEndpoint, invite }] = await Promise.all([
      import('../config/units.ts'),
      import('./invite-action.ts'),
    ]);
    const read = <T>(key: string, expected: string, parse: (text: string) => T | undefined): T => {
      const text = single(parsed, key);
      const value = parse(text);
      if (value !== undefined) return value;
      const flag = key === 'name' ? 'NAME' : `--${key}`;
      throw new UserError(`${flag}: expected ${expected}, got ${JSON.stringify(text)}`, { exitCode: 2 });
    };
    const stateDir = single(parsed, 'state-dir');
    const { line, problem } = await invite({
      stateDir,
      name: read('name', 'up to 63 letters, digits, dots, - and _', config.parseClientName),
      endpoint:
        parsed.endpoint === undefined
          ? configuredEndpoint(stateDir)
          : read('endpoint', config.ENDPOINT_EXAMPLE, config.parseEndpoint),
      lifeMs: read('expires', 'a duration such as 7d, or never', (text) =>
        text === 'never' ? Number.POSITIVE_INFINITY : config.parseDuration(text),
      ),
    });
    process.stdout.write(`${line}\n`);
    if (parsed.qr === true) process.stderr.write(`${(await import('./qr.ts')).drawQr(line)}\n`);
    if (problem !== undefined) throw problem;
  },
};
