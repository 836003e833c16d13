/** From the words of a command line to an exit status: 0 done, 1 failed, 2 misused, 78 bad configuration. */
import type { Argv, CommandModule } from 'yargs';
import { nearest } from '../config/nearest.ts';
import { UserError } from '../errors.ts';
import { version } from '../version.ts';
import { nameOf, VERBS, verbsIn } from './commands.ts';
import { remedyFor } from './other-words.ts';
import { formatVerbList } from './verb-list.ts';

const EXIT_FAILED = 1;
const EXIT_MISUSED = 2;

/** Prints what there is to print; resolves with the exit status. */
export async function run(given: readonly string[]): Promise<number> {
  const words = given[0] === 'help' ? [...given.slice(1), '--help'] : given;
  try {
    checkCurrentDirectory();
    const verbs = verbsIn(words);
    const general = verbs.length === 0 ? generalAnswer(words) : undefined;
    if (general !== undefined) {
      process.stdout.write(general);
      return 0;
    }
    const commands = await Promise.all(verbs.map((verb) => verb.load()));
    await (await parser(words, commands)).parseAsync();
    return Number(process.exitCode ?? 0);
  } catch (error) {
    const isVerbose = words.includes('--verbose') || words.includes('debug');
    return report(error, isVerbose);
  }
}

/** Somebody may have removed it meanwhile; nothing that reads paths works there. */
function checkCurrentDirectory(): void {
  try {
    process.cwd();
  } catch (cause) {
    throw new UserError('the current directory is not there any more', { cause, fix: 'cd /' });
  }
}

/** What is asked of the program as a whole. */
function generalAnswer(words: readonly string[]): string | undefined {
  if (words.includes('--help') || words.includes('-h')) return formatVerbList(width());
  return words.includes('--version') || words.includes('-V') ? `${version()}\n` : undefined;
}

/** Of what is printed, at most. */
function width(): number {
  return Math.min(110, process.stdout.columns ?? 110);
}

async function parser(words: readonly string[], commands: readonly CommandModule[]): Promise<Argv> {
  const { default: yargs } = await import('yargs');
  const names = VERBS.map(nameOf);
  const base = yargs([...words])
    .scriptName('resip-vpn')
    // Keys stay as they are written, `-i A B` takes one word, and numbers are texts like the rest.
    .parserConfiguration({
      'camel-case-expansion': false,
      'strip-aliased': true,
      'greedy-arrays': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      // What stands behind two dashes is a command of its own.
      'populate--': true,
    })
    .option('verbose', { type: 'boolean', describe: 'Say more, and show where an error came from' })
    .command('$0 [command]', false, {}, ({ command }) => {
      if (command === undefined) {
        const near = nearest(words[0] ?? '', ['--help', '--version', '--verbose']);
        throw misuse('no command', near ? `did you mean ${near}?` : `one of: ${names.join(', ')}`);
      }
      const near = nearest(String(command), names);
      const fix = remedyFor(String(command)) ?? (near && `did you mean ${near}?`);
      throw misuse(`there is no command ${command}`, fix ?? 'resip-vpn --help lists them');
    })
    .version(version())
    .alias('version', 'V')
    .alias('help', 'h')
    .wrap(width())
    .exitProcess(false)
    .showHelpOnFail(false)
    .fail((message, error) => {
      // yargs throws some of its own complaints and hands over others as text.
      const isComplaint = error === undefined || error === null || error.name === 'YError';
      if (!isComplaint) throw error;
      const [verb] = words.filter((word) => names.includes(word));
      const what = (message ?? error.message).replace(
        /^Not enough non-option arguments:.*/,
        `${verb}: something is missing`,
      );
      const choice = /Argument: (\S+), Given: "(.*)", Choices: "(.*)"/.exec(what);
      if (choice !== null) {
        const [, , got, known] = choice;
        const choices = known.split('", "');
        const near = nearest(got, choices);
        const fix = near === undefined ? `see resip-vpn ${verb} --help` : `did you mean ${near}?`;
        throw misuse(`${verb}: expected ${choices.join(', ')}, got ${JSON.stringify(got)}`, fix);
      }
      // What an option itself refused has its own remedy.
      throw misuse(what, what.includes('\nfix: ') ? undefined : `see resip-vpn ${verb ?? 'COMMAND'} --help`);
    });
  return commands.reduce((parser, command) => parser.command(command), base);
}

function misuse(what: string, fix?: string): UserError {
  return new UserError(what, { fix, exitCode: EXIT_MISUSED });
}

/** A user's error in its own words; anything else is ours, and its place is shown on demand. */
function report(error: unknown, isVerbose: boolean): number {
  const { message, stack } = error as Error;
  const text = error instanceof UserError ? message : `internal error: ${message}`;
  const lines = isVerbose && stack !== undefined ? [text, stack] : [text];
  process.stderr.write(`resip-vpn: ${lines.join('\n').replaceAll('\n', '\n  ')}\n`);
  return error instanceof UserError ? error.exitCode : EXIT_FAILED;
}
