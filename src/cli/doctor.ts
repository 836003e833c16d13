import type { CommandModule } from 'yargs';
import { withExamples } from './options.ts';

const ROLES = ['client', 'server'] as const;

export const doctorCommand: CommandModule = {
  command: 'doctor [role]',
  describe: 'Find out why the tunnel does not work, and what to do about it',
  builder: (parser) =>
    withExamples(
      parser
        .positional('role', {
          type: 'string',
          choices: ROLES,
          describe: 'Whom to look at [whoever has keys here]',
        })
        .options({
          interface: {
            alias: 'i',
            type: 'string',
            array: true,
            requiresArg: true,
            describe: 'Interface to try; may be repeated [those of the configuration, or every one]',
          },
          json: { type: 'boolean', describe: 'All of it, in a form that stays' },
          'state-dir': {
            type: 'string',
            requiresArg: true,
            describe:
              'Directory of keys, leases and the control socket [that of the service, or /var/lib/resip-vpn]',
          },
          config: {
            type: 'string',
            describe: 'TOML file of the client or server, --no-config for none [/etc/resip-vpn/ROLE.toml]',
          },
        })
        .strict(),
      [
        ['doctor', 'Everything; a client that does not run tries each interface by a handshake of its own'],
        ['doctor client -i wlan0 --json', 'One interface, for programs; exit status 1 when there is a fault'],
      ],
    ),
  handler: async (parsed) => {
    const { doctor } = await import('./doctor-action.ts');
    const request = {
      role: parsed.role as (typeof ROLES)[number] | undefined,
      config: parsed.config as string | false | undefined,
      stateDir: parsed['state-dir'] as string | undefined,
      interfaces: parsed.interface as string[] | undefined,
    };
    const { text, isWell } = await doctor(
      request,
      parsed.json === true,
      process.stdout.isTTY && process.env.NO_COLOR === undefined,
    );
    process.stdout.write(text);
    if (!isWell) process.exitCode = 1;
  },
};
