import type { CommandModule } from 'yargs';
import { daemonOptions, flagsOf, withExamples } from './options.ts';
import { serverInitCommand } from './server-init.ts';

export const serverCommand: CommandModule = {
  command: 'server',
  describe: 'Serve clients: addresses for them, and a way out to the internet',
  builder: (parser) =>
    withExamples(
      parser.command(serverInitCommand).options({
        listen: {
          type: 'string',
          array: true,
          requiresArg: true,
          describe: 'ADDR:PORT, or a port on all addresses; may be repeated [4600]',
        },
        pool: { type: 'string', requiresArg: true, describe: 'IPv4 network of the clients [10.77.0.0/16]' },
        pool6: {
          type: 'string',
          requiresArg: true,
          describe: 'IPv6 network of the clients, none or auto [auto]',
        },
        nat: {
          type: 'string',
          describe: 'Interface to masquerade through, --no-nat for none [that of the default route]',
        },
        dns: {
          type: 'string',
          array: true,
          describe: 'DNS server for the clients, --no-dns for none [those of this machine]',
        },
        mtu: { type: 'string', requiresArg: true, describe: 'Inner MTU, bytes [1400]' },
        lease: { type: 'string', requiresArg: true, describe: 'An unused address is free after this [96h]' },
        endpoint: {
          type: 'string',
          requiresArg: true,
          describe: 'HOST:PORT under which clients reach this server: what invites say [none]',
        },
        'max-clients': { type: 'string', requiresArg: true, describe: 'Most clients at once [4096]' },
        'allow-target': {
          type: 'string',
          array: true,
          requiresArg: true,
          describe:
            '[CLIENT@]NETWORK[:PORT[-PORT]] that forwards may lead to; may be repeated [everything but this machine itself]',
        },
        'deny-target': {
          type: 'string',
          array: true,
          requiresArg: true,
          describe: '[CLIENT@]NETWORK[:PORT[-PORT]] that they may not; goes before --allow-target',
        },
        'allow-listen': {
          type: 'string',
          array: true,
          requiresArg: true,
          describe:
            '[CLIENT@][ADDRESS:]PORT[-PORT] where clients may have this server listen for them (-R), without ADDRESS for this machine and the tunnel alone; may be repeated [nowhere]',
        },
        'max-streams': {
          type: 'string',
          requiresArg: true,
          describe: 'Most forwarded connections of one client at once, 0 for none [1024]',
        },
        ...daemonOptions,
        config: {
          type: 'string',
          describe: 'TOML file with these options as keys, --no-config for none [/etc/resip-vpn/server.toml]',
        },
      }),
      [
        ['server', 'Listen on UDP port 4600, masquerade through the default route'],
        ['server --listen 51820 --pool 10.99.0.0/24 --no-nat', 'Another port, another pool, no masquerading'],
      ],
    ),
  handler: async (parsed) => {
    const { runServer } = await import('../daemon/run-server.ts');
    await runServer(flagsOf(parsed));
  },
};
