import type { CommandModule } from 'yargs';
import { single, stateDirOption, withExamples } from './options.ts';

export const statusCommand: CommandModule = {
  command: 'status [client]',
  describe: 'Show sessions, paths and counters of the running client or server',
  builder: (parser) =>
    withExamples(
      parser
        .positional('client', { type: 'string', describe: 'On a server: this client alone, with everything' })
        .options({
          json: { type: 'boolean', describe: 'All of it, in a form that stays' },
          'state-dir': stateDirOption,
        })
        .strict(),
      [
        ['status', 'What the client or server on this machine does'],
        ['status --json | grep rttMs', 'The same for programs'],
      ],
    ),
  handler: async (parsed) => {
    const { status } = await import('./status-action.ts');
    const client = parsed.client === undefined ? undefined : single(parsed, 'client');
    process.stdout.write(await status(single(parsed, 'state-dir'), parsed.json === true, client));
  },
};
