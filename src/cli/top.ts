import type { CommandModule } from 'yargs';
import { single, stateDirOption, withExamples } from './options.ts';

export const topCommand: CommandModule = {
  command: 'top [client]',
  describe: 'Watch paths and traffic of the running client or server live',
  builder: (parser) =>
    withExamples(
      parser
        .positional('client', { type: 'string', describe: 'On a server: begin with this client' })
        .options({ 'state-dir': stateDirOption })
        .strict(),
      [
        ['top', 'Round-trip times, losses and throughput of the last minutes; q ends it'],
        ['top laptop', 'On a server: the paths of this client'],
      ],
    ),
  handler: async (parsed) => {
    const { top } = await import('./top-action.ts');
    const client = parsed.client === undefined ? undefined : single(parsed, 'client');
    await top(single(parsed, 'state-dir'), client);
  },
};
