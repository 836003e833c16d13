import type { CommandModule } from 'yargs';
import { UserError } from '../errors.ts';
import { single, stateDirOption, withExamples } from './options.ts';

export const inviteCommand: CommandModule = {
  command: 'invite <name>',
  describe: 'Print an invite: one line that makes one new client',
  builder: (parser) =>
    withExamples(
      parser
        .usage('$0 invite NAME --endpoint HOST:PORT\n\nPrint an invite: one line that makes one new client')
        .positional('name', { type: 'string', demandOption: true, describe: 'Name of the client to be' })
        .options({
          endpoint: {
            type: 'string',
            requiresArg: true,
            demandOption: true,
            describe: 'HOST:PORT under which clients reach this server',
          },
          expires: {
            type: 'string',
            requiresArg: true,
            default: '7d',
            describe: 'Valid for this long, or never',
          },
          'state-dir': stateDirOption,
        })
        .strict(),
      [['invite laptop --endpoint vpn.example.org:4600 > laptop.invite', 'For a laptop, valid for a week']],
    ),
  handler: async (parsed) => {
    const [config, { invite }] = await Promise.all([
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
    const { line, problem } = await invite({
      stateDir: single(parsed, 'state-dir'),
      name: read('name', 'up to 63 letters, digits, dots, - and _', config.parseClientName),
      endpoint: read('endpoint', 'HOST:PORT, such as vpn.example.org:4600', config.parseEndpoint),
      lifeMs: read('expires', 'a duration such as 7d, or never', (text) =>
        text === 'never' ? Number.POSITIVE_INFINITY : config.parseDuration(text),
      ),
    });
    process.stdout.write(`${line}\n`);
    if (problem !== undefined) throw problem;
  },
};
