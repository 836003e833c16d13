import type { CommandModule } from 'yargs';
import { single, stateDirOption, withExamples } from './options.ts';

export const wakeupCommand: CommandModule = {
  command: 'wakeup',
  describe: 'Tell the running client that a link is there again: new sockets, and what waits leaves',
  builder: (parser) =>
    withExamples(
      parser
        .options({
          interface: {
            alias: 'i',
            type: 'string',
            requiresArg: true,
            describe: 'The interface that came up [all of them]',
          },
          'state-dir': stateDirOption,
        })
        .strict(),
      [
        ['wakeup', 'After a change that the machine does not tell of'],
        ['wakeup -i ppp0', 'From an ip-up script; the snippets in scripts/hooks do this'],
      ],
    ),
  handler: async (parsed) => {
    const [{ resolve }, { askDaemon }] = await Promise.all([
      import('node:path'),
      import('../control/control-client.ts'),
    ]);
    const name = parsed.interface === undefined ? undefined : single(parsed, 'interface');
    await askDaemon(resolve(single(parsed, 'state-dir')), { command: 'wakeup', interface: name });
  },
};
