import type { CommandModule } from 'yargs';
import { single, stateDirOption, withExamples } from './options.ts';

export const killSwitchCommand: CommandModule = {
  command: 'kill-switch <what>',
  describe: 'Tell whether the kill switch is on, or take away what a killed client left',
  builder: (parser) =>
    withExamples(
      parser
        .usage(
          '$0 kill-switch status|off\n\nA client with --kill-switch that was killed or failed leaves the machine closed. `off` opens it again;\n`status` tells whether it is closed.',
        )
        .positional('what', {
          choices: ['status', 'off'] as const,
          demandOption: true,
          describe: 'status or off',
        })
        .options({ 'state-dir': stateDirOption })
        .strict(),
      [['kill-switch off', 'The client is gone for good: let everything out again']],
    ),
  handler: async (parsed) => {
    const { killSwitchStatus, killSwitchOff } = await import('./kill-switch-action.ts');
    const act = parsed.what === 'off' ? killSwitchOff : killSwitchStatus;
    process.stdout.write(`${await act(single(parsed, 'state-dir'))}\n`);
  },
};
