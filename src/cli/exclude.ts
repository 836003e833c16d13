import type { Argv, CommandModule } from 'yargs';
import { UserError } from '../errors.ts';
import { single, stateDirOption, withExamples } from './options.ts';

const userOption = {
  type: 'string',
  requiresArg: true,
  describe: 'Run it as this user [who called sudo]',
} as const;

export const excludeCommand: CommandModule = {
  command: 'exclude',
  describe: 'Run a program outside of the tunnel',
  builder: (parser) =>
    takesCommand(
      parser.usage(
        '$0 exclude -- COMMAND…\n\nRun a program outside of the tunnel and past the kill switch: over the link that the machine would\nuse without. Names it asks for are still asked through the tunnel.',
      ),
      [['exclude -- steam', 'Downloads of games need no second copy']],
    ),
  handler: async (parsed) => {
    await excluded(parsed, {});
  },
};

export const portalCommand: CommandModule = {
  command: 'portal',
  describe: 'Run a browser over one link for a while: for the log-in page of a hotel',
  builder: (parser) =>
    takesCommand(
      parser
        .usage(
          '$0 portal -i IFACE [--for 5m] -- COMMAND…\n\nRun one program over one link, outside of the tunnel and past the kill switch, for a limited time: the\nlog-in page of a hotel or a train can be reached, and nothing else leaves.',
        )
        .options({
          interface: {
            alias: 'i',
            type: 'string',
            requiresArg: true,
            demandOption: true,
            describe: 'The link that wants a log-in',
          },
          for: { type: 'string', requiresArg: true, default: '5m', describe: 'At most for this long' },
        }),
      [['portal -i wlan0 -- firefox --private-window http://neverssl.com', 'Log in, then close it']],
    ),
  handler: async (parsed) => {
    const { parseDuration } = await import('../config/units.ts');
    const text = single(parsed, 'for');
    const forMs = parseDuration(text);
    if (forMs === undefined || forMs < 1_000 || forMs > 3_600_000) {
      throw new UserError(`--for: expected a duration from 1s to 1h, got ${JSON.stringify(text)}`, {
        exitCode: 2,
      });
    }
    await excluded(parsed, { interfaceName: single(parsed, 'interface'), forMs });
  },
};

function takesCommand(parser: Argv, examples: readonly (readonly [string, string])[]): Argv {
  return withExamples(
    parser.options({ user: userOption, 'state-dir': stateDirOption }).strictOptions(),
    examples,
  );
}

/** Ends this program with the status of the command. */
async function excluded(
  parsed: Readonly<Record<string, unknown>>,
  wish: { readonly interfaceName?: string; readonly forMs?: number },
): Promise<void> {
  const command = (parsed['--'] ?? []) as string[];
  if (command.length === 0) {
    throw new UserError('no command', { fix: 'it stands behind two dashes: -- COMMAND…', exitCode: 2 });
  }
  const { runExcluded } = await import('./exclude-action.ts');
  const user = parsed.user === undefined ? process.env.SUDO_USER : single(parsed, 'user');
  const status = await runExcluded({ ...wish, stateDir: single(parsed, 'state-dir'), user, command });
  process.exitCode = status;
}
