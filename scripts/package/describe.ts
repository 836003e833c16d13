/** What the program's commands take, from the very modules that read the command line: for manual pages and completions. */
import type { Argv, CommandModule, Options, PositionalOptions } from 'yargs';

export interface FlagInfo {
  /** Without dashes. */
  readonly name: string;
  /** One letter. */
  readonly alias?: string;
  readonly text: string;
  readonly takesValue: boolean;
  readonly isRepeatable: boolean;
  readonly choices: readonly string[];
  readonly usual?: string;
}

export interface PositionalInfo {
  readonly name: string;
  readonly text: string;
  readonly choices: readonly string[];
}

export interface CommandInfo {
  /** `['server', 'init']`. */
  readonly path: readonly string[];
  readonly summary: string;
  /** Lines of the form `resip-vpn …`. */
  readonly synopsis: readonly string[];
  /** What its help says beyond the summary; may be empty. */
  readonly about: string;
  readonly positionals: readonly PositionalInfo[];
  readonly flags: readonly FlagInfo[];
  readonly examples: readonly { readonly line: string; readonly does: string }[];
}

/** Known to every command. */
export const COMMON_FLAGS: readonly FlagInfo[] = [
  plainFlag('verbose', 'Say more, and show where an error came from'),
  plainFlag('help', 'Show help', 'h'),
  plainFlag('version', 'Show the version', 'V'),
];

/** A command, and those below it. */
export function describeCommand(module: CommandModule, above: readonly string[] = []): CommandInfo[] {
  const [name, ...words] = String(module.command).split(' ');
  const path = [...above, name];
  const record = new Recorder();
  if (typeof module.builder === 'function') module.builder(record.parser());
  const [head, ...rest] = record.usage.split('\n\n');
  const synopsis = head === '' ? [] : head.split('\n').map((line) => line.replace('$0', 'resip-vpn').trim());
  const summary = typeof module.describe === 'string' ? module.describe : '';
  const about = rest.join('\n\n');
  return [
    {
      path,
      summary,
      synopsis: synopsis.length > 0 ? synopsis : [usualSynopsis(path, words, record)],
      about: about === summary ? '' : about,
      positionals: [...record.positionals].map(([key, { describe = '', choices = [] }]) => ({
        name: key,
        text: String(describe),
        choices: choices.map(String),
      })),
      flags: [...record.flags].map(([key, option]) => flagInfo(key, option)),
      examples: record.examples(),
    },
    ...record.commands.flatMap((inner) => describeCommand(inner, path)),
  ];
}

/** Takes what a builder says to yargs and remembers it. */
class Recorder {
  usage = '';
  epilogue = '';
  readonly flags = new Map<string, Options>();
  readonly positionals = new Map<string, PositionalOptions>();
  readonly commands: CommandModule[] = [];

  parser(): Argv {
    const known: Record<string, (...words: never[]) => void> = {
      usage: (text: string) => {
        this.usage = text;
      },
      epilogue: (text: string) => {
        this.epilogue = text;
      },
      option: (key: string, option: Options) => void this.flags.set(key, option),
      options: (options: Record<string, Options>) => {
        for (const [key, option] of Object.entries(options)) this.flags.set(key, option);
      },
      positional: (key: string, option: PositionalOptions) => void this.positionals.set(key, option),
      command: (module: CommandModule) => void this.commands.push(module),
    };
    const parser: Argv = new Proxy({} as Argv, {
      get:
        (_, method: string) =>
        (...words: never[]) => {
          known[method]?.(...words);
          return parser;
        },
    });
    return parser;
  }

  /** As `withExamples` writes them. */
  examples(): { line: string; does: string }[] {
    const pairs = [...this.epilogue.matchAll(/^ {2}# (.*)\n {2}(.*)$/gm)];
    return pairs.map(([, does, line]) => ({ line, does }));
  }
}

function flagInfo(name: string, option: Options): FlagInfo {
  const { alias, describe = '', type, array = false, choices = [] } = option;
  const short = [alias ?? []].flat().find((other) => other.length === 1);
  return {
    name,
    ...(short === undefined ? {} : { alias: short }),
    text: String(describe),
    takesValue: type !== 'boolean' && type !== 'count',
    isRepeatable: array,
    choices: choices.map(String),
    ...(option.default === undefined ? {} : { usual: String(option.default) }),
  };
}

function plainFlag(name: string, text: string, alias?: string): FlagInfo {
  return { name, ...(alias && { alias }), text, takesValue: false, isRepeatable: false, choices: [] };
}

function usualSynopsis(path: readonly string[], words: readonly string[], record: Recorder): string {
  const shown = words.map((word) => word.replace(/[a-z]+/g, (name) => name.toUpperCase()));
  const options = record.flags.size > 0 ? ['[OPTION …]'] : [];
  return ['resip-vpn', ...path, ...shown, ...options].join(' ').replaceAll('..', ' …');
}
