import type { CommandModule } from 'yargs';
import { flagsOf, withExamples } from './options.ts';
import { nameOption } from './set-up-options.ts';

export const serverInitCommand: CommandModule = {
  command: 'init',
  describe: 'Set this machine up as a server: keys, configuration, service',
  builder: (parser) =>
    withExamples(
      parser
        .usage(
          '$0 server init [--endpoint HOST:PORT]\n\nSet this machine up as a server: keys, /etc/resip-vpn/server.toml, and the service, where systemd runs. Nothing that\nis there is overwritten.',
        )
        .options({
          endpoint: {
            type: 'string',
            requiresArg: true,
            describe:
              'HOST:PORT under which clients reach this server [its own address, where that is public]',
          },
          listen: { type: 'string', requiresArg: true, describe: 'UDP port, or ADDR:PORT [4600]' },
          pool: {
            type: 'string',
            requiresArg: true,
            describe: 'IPv4 network of the clients [10.77.0.0/16]',
          },
          nat: {
            type: 'string',
            requiresArg: true,
            describe: 'Interface to masquerade through [that of the default route]',
          },
          name: nameOption('server'),
        })
        .strict(),
      [['server init --endpoint vpn.example.org:4600', 'Then: resip-vpn invite laptop --qr']],
    ),
  handler: async (parsed) => {
    const [{ initServer }, { loadConfig }, { serverKind }] = await Promise.all([
      import('./server-init-action.ts'),
      import('../config/load-config.ts'),
      import('../config/server-config.ts'),
    ]);
    const { name, ...rest } = flagsOf({ ...parsed, _: [] });
    // What the file will say is read here, so that nothing is made of a mistake.
    const { config } = loadConfig(serverKind, { ...rest, config: false });
    const { listen, pool } = rest as Record<string, string | undefined>;
    const outInterface = config.nat.kind === 'interface' ? config.nat.name : undefined;
    const wish = { name: String(name), endpoint: config.endpoint, listen, pool, outInterface };
    process.stdout.write(await initServer(wish));
  },
};
