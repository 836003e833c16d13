import type { CommandModule } from 'yargs';
import { single, stateDirOption, withExamples } from './options.ts';

export const forwardCommand: CommandModule = {
  command: 'forward <what> [spec]',
  describe: 'Forward ports through the running client, to hosts beyond the server or from there',
  builder: (parser) =>
    withExamples(
      parser
        .usage(
          '$0 forward add [-R] [BIND:]PORT[/udp]:HOST:PORT\n$0 forward remove [-R] [BIND:]PORT[/udp][:HOST:PORT]\n$0 forward list\n\nA connection to the local port becomes one from the server to HOST, which the server resolves; with -R a\nconnection to the port of the server becomes one from here to HOST. It outlives outages of days: nothing is\nlost, and nobody has to connect again.',
        )
        .positional('what', {
          choices: ['add', 'remove', 'list'] as const,
          demandOption: true,
          describe: 'add, remove or list',
        })
        .positional('spec', { type: 'string', describe: '[BIND:]PORT[/udp]:HOST:PORT' })
        .options({
          remote: { alias: 'R', type: 'boolean', describe: 'The port is one of the server' },
          json: { type: 'boolean', describe: 'As JSON' },
          'state-dir': stateDirOption,
        })
        .strict(),
      [
        ['forward add 8080:intranet.example:80', 'http://127.0.0.1:8080 is the intranet'],
        ['forward add -R 2222:127.0.0.1:22', 'at the server, ssh -p 2222 127.0.0.1 comes here'],
      ],
    ),
  handler: async (parsed) => {
    const { forward } = await import('./forward-action.ts');
    const { what, spec, json, remote } = parsed as {
      what?: string;
      spec?: string;
      json?: boolean;
      remote?: boolean;
    };
    const wish = { what: String(what), spec, isRemote: remote === true, isJson: json === true };
    const text = await forward(wish, single(parsed, 'state-dir'));
    if (text !== '') process.stdout.write(`${text}\n`);
  },
};
