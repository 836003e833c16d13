import type { CommandModule } from 'yargs';
import { single, stateDirOption, withExamples } from './options.ts';

export const forwardCommand: CommandModule = {
  command: 'forward <what> [spec]',
  describe: 'Forward a local port through the running client to a host beyond the server',
  builder: (parser) =>
    withExamples(
      parser
        .usage(
          '$0 forward add|remove [BIND:]PORT:HOST:PORT\n$0 forward list\n\nA connection to the local port becomes one from the server to HOST, which the server resolves. It\noutlives outages of days: nothing is lost, and nobody has to connect again.',
        )
        .positional('what', {
          choices: ['add', 'remove', 'list'] as const,
          demandOption: true,
          describe: 'add, remove or list',
        })
        .positional('spec', { type: 'string', describe: '[BIND:]PORT:HOST:PORT' })
        .options({
          json: { type: 'boolean', describe: 'list: as JSON' },
          'state-dir': stateDirOption,
        })
        .strict(),
      [['forward add 8080:intranet.example:80', 'http://127.0.0.1:8080 is the intranet']],
    ),
  handler: async (parsed) => {
    const { forward } = await import('./forward-action.ts');
    const { what, spec, json } = parsed as { what?: string; spec?: string; json?: boolean };
    const text = await forward(String(what), spec, json === true, single(parsed, 'state-dir'));
    if (text !== '') process.stdout.write(`${text}\n`);
  },
};
