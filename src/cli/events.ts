import type { CommandModule } from 'yargs';
import { single, stateDirOption, withExamples } from './options.ts';

export const eventsCommand: CommandModule = {
  command: 'events',
  describe: 'Show what happened to sessions and paths, also of a client or server that runs no more',
  builder: (parser) =>
    withExamples(
      parser
        .options({
          since: {
            type: 'string',
            requiresArg: true,
            describe: 'How far back: 90m, 12h, 7d [everything that is kept]',
          },
          follow: { alias: 'f', type: 'boolean', describe: 'Go on with what happens from now on' },
          json: { type: 'boolean', describe: 'One JSON object per line' },
          'state-dir': stateDirOption,
        })
        .strict(),
      [
        ['events --since 1h', 'Which links failed within the last hour, and for how long'],
        ['events --json | jq -c \'select(.event == "path-down")\'', 'The same for programs'],
      ],
    ),
  handler: async (parsed) => {
    const { printEvents } = await import('./events-action.ts');
    await printEvents(single(parsed, 'state-dir'), {
      since: parsed.since === undefined ? undefined : single(parsed, 'since'),
      isJson: parsed.json === true,
      follows: parsed.follow === true,
    });
  },
};
