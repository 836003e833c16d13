import type { CommandModule } from 'yargs';
import { UserError } from '../errors.ts';
import { serverStateDirOption, single, withExamples } from './options.ts';

const ACTIONS = ['list', 'revoke', 'restore', 'rename', 'set-address'] as const;

export const clientsCommand: CommandModule = {
  command: 'clients [action] [name] [value]',
  describe: 'List the clients of a server, shut one out, rename one, fix its address',
  builder: (parser) =>
    withExamples(
      parser
        .usage(
          [
            '$0 clients',
            '$0 clients revoke NAME             shut it out, at once and for good; withdraw an invite',
            '$0 clients restore NAME            let it in again',
            '$0 clients rename NAME NEW-NAME',
            '$0 clients set-address NAME IP     or auto: as the client and the pool like it',
          ].join('\n'),
        )
        .positional('action', { choices: ACTIONS, default: 'list' })
        .positional('name', { type: 'string', describe: 'Name of the client' })
        .positional('value', { type: 'string', describe: 'New name, or address' })
        .options({
          json: { type: 'boolean', describe: 'In a form that stays' },
          'state-dir': serverStateDirOption,
        })
        .strict(),
      [
        ['clients revoke laptop', 'The laptop was stolen'],
        ['clients set-address printer 10.77.0.9', 'An address that others can rely on'],
      ],
    ),
  handler: async (parsed) => {
    const { administer } = await import('./clients-action.ts');
    const action = single(parsed, 'action') as (typeof ACTIONS)[number];
    const wanted = { list: 0, revoke: 1, restore: 1, rename: 2, 'set-address': 2 }[action];
    const given = [parsed.name, parsed.value].filter((word) => word !== undefined);
    if (given.length !== wanted) {
      throw new UserError(`clients ${action} takes ${['no name', 'a name', 'a name and a value'][wanted]}`, {
        fix: 'see resip-vpn clients --help',
        exitCode: 2,
      });
    }
    const [name = '', value = ''] = given as string[];
    const stateDir = single(parsed, 'state-dir');
    process.stdout.write(
      await administer({ stateDir, wish: { action, name, value }, isJson: parsed.json === true }),
    );
  },
};
