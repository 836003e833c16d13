import type { CommandModule } from 'yargs';
import { single, stateDirOption, withExamples } from './options.ts';

export const reloadCommand: CommandModule = {
  command: 'reload',
  describe: 'Have the running client or server take up its changed configuration file',
  builder: (parser) =>
    withExamples(
      parser
        .usage(
          '$0 reload\n\nHave the running client or server take up its changed configuration file, as SIGHUP does. What cannot change\nwithout a new start is named and stays as it was; a file with mistakes changes nothing.',
        )
        .options({ 'state-dir': stateDirOption })
        .strict(),
      [
        [
          'check-config home && resip-vpn reload --state-dir /var/lib/resip-vpn/home',
          'Of the unit …-client@home',
        ],
      ],
    ),
  handler: async (parsed) => {
    const { reload } = await import('./reload-action.ts');
    process.stdout.write(await reload(single(parsed, 'state-dir')));
  },
};
