import type { CommandModule } from 'yargs';
import { single, withExamples } from './options.ts';

export const checkConfigCommand: CommandModule = {
  command: 'check-config [file]',
  describe: 'Say everything that is wrong with a configuration file, and start nothing',
  builder: (parser) =>
    withExamples(
      parser
        .usage(
          '$0 check-config [FILE]\n\nSay everything that is wrong with a configuration file, and start nothing',
        )
        .positional('file', {
          type: 'string',
          describe: 'TOML file, or NAME for /etc/resip-vpn/NAME.toml [all that are there]',
        })
        .options({
          role: {
            choices: ['client', 'server'] as const,
            requiresArg: true,
            describe: 'Whose configuration it is [its keys tell]',
          },
        })
        .strict(),
      [
        ['check-config home', '/etc/resip-vpn/home.toml'],
        ['check-config ./new.toml && cp new.toml /etc/resip-vpn/home.toml', 'Before it counts'],
      ],
    ),
  handler: async (parsed) => {
    const { checkConfig, usualConfigs } = await import('../config/check-config.ts');
    const wantedRole = parsed.role as 'client' | 'server' | undefined;
    const files = parsed.file === undefined ? usualConfigs() : [single(parsed, 'file')];
    for (const file of files) {
      const { path, role, warnings } = checkConfig(file, wantedRole);
      for (const warning of warnings) process.stderr.write(`resip-vpn: ${warning}\n`);
      process.stdout.write(`${path}: a good configuration for a ${role}\n`);
    }
  },
};
