import type { CommandModule } from 'yargs';
import { single, stateDirOption, withExamples } from './options.ts';

export const dashboardCommand: CommandModule = {
  command: 'dashboard',
  describe: 'Print the address of the running client’s or server’s dashboard, which holds a secret word',
  builder: (parser) =>
    withExamples(parser.options({ 'state-dir': stateDirOption }).strict(), [
      ['dashboard', 'For a browser on this machine, when it was started with --dashboard 127.0.0.1:9461'],
    ]),
  handler: async (parsed) => {
    const { dashboard } = await import('./dashboard-action.ts');
    process.stdout.write(`${await dashboard(single(parsed, 'state-dir'))}\n`);
  },
};
