import type { CommandModule } from 'yargs';
import { single, withExamples } from './options.ts';
import { nameOption } from './set-up-options.ts';

export const joinCommand: CommandModule = {
  command: 'join [invite]',
  describe: 'Set this machine up as a client: keys, configuration, service',
  builder: (parser) =>
    withExamples(
      parser
        .usage(
          "$0 join 'resip://…' [-i IFACE …]\n\nSet this machine up as a client of the server that the invite is of: keys, /etc/resip-vpn/client.toml, and the service,\nwhere systemd runs. Nothing that is there is overwritten.",
        )
        .positional('invite', {
          type: 'string',
          describe: 'The line that `resip-vpn invite` printed; left out, it is read from stdin',
        })
        .options({
          interface: {
            alias: 'i',
            type: 'string',
            array: true,
            requiresArg: true,
            describe: 'Interface to send over, with options as for `client`; may be repeated [every one]',
          },
          name: nameOption('client'),
        })
        .strict(),
      [
        ["join 'resip://…'", 'Over every link that this machine has'],
        ["join 'resip://…' -i wlan0 -i wwan0,metered", 'Over these two'],
      ],
    ),
  handler: async (parsed) => {
    const [{ join }, { loadConfig }, { clientKind }, { text: readAll }] = await Promise.all([
      import('./join-action.ts'),
      import('../config/load-config.ts'),
      import('../config/client-config.ts'),
      import('node:stream/consumers'),
    ]);
    const given = parsed.invite ?? (await readAll(process.stdin)).trim();
    const interfaces = (parsed.interface ?? ['*']) as string[];
    const flags = {
      invite: given,
      interface: interfaces,
    };
    const { config } = loadConfig(clientKind, { ...flags, config: false });
    if (config.invite === undefined) throw new Error('an invite was given');
    process.stdout.write(await join({ name: single(parsed, 'name'), invite: config.invite, interfaces }));
  },
};
