import type { CommandModule } from 'yargs';
import { UserError } from '../errors.ts';
import { single, stateDirOption, withExamples } from './options.ts';

export const pathCommand: CommandModule = {
  command: 'path [action] [interface]',
  describe: 'List the running client’s paths, add one, remove one',
  builder: (parser) =>
    withExamples(
      parser
        .usage(
          '$0 path\n$0 path add IFACE[,backup][,metered][,budget=50M/day]\n$0 path remove IFACE\n\nList the running client’s paths, add one, remove one. What is changed here ends with the client: what is to\nlast belongs into its configuration.',
        )
        .positional('action', { choices: ['list', 'add', 'remove'] as const, default: 'list' })
        .positional('interface', { type: 'string', describe: 'Interface, or a pattern such as wwan*' })
        .options({
          json: { type: 'boolean', describe: 'In a form that stays' },
          'state-dir': stateDirOption,
        })
        .strict(),
      [
        ['path add usb0,metered', 'The phone’s tethering, as long as the client runs'],
        ['path remove wwan0', 'Not over this one'],
      ],
    ),
  handler: async (parsed) => {
    const { listPaths } = await import('./path-action.ts');
    const action = single(parsed, 'action') as 'list' | 'add' | 'remove';
    const hasInterface = parsed.interface !== undefined;
    if (hasInterface !== (action !== 'list')) {
      throw new UserError(
        action === 'list' ? 'path list takes no interface' : `path ${action} which interface?`,
        {
          fix: 'see resip-vpn path --help',
          exitCode: 2,
        },
      );
    }
    const name = hasInterface ? single(parsed, 'interface') : undefined;
    const stateDir = single(parsed, 'state-dir');
    process.stdout.write(
      await listPaths({ stateDir, action, interface: name, isJson: parsed.json === true }),
    );
  },
};
