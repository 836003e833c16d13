/** Completions for bash, zsh and fish: every command, every flag, and the values that are known. */
import { clientKind } from '../../src/config/client-config.ts';
import type { ConfigKind } from '../../src/config/common-config.ts';
import { serverKind } from '../../src/config/server-config.ts';
import { COMMON_FLAGS, type CommandInfo, type FlagInfo } from './describe.ts';
import { expectation } from './manual.ts';

type Values = { kind: 'words'; words: readonly string[] } | { kind: 'files' | 'interfaces' | 'unknown' };

const FILES = new Set(['config', 'state-dir', 'invite-file']);
const INTERFACES = new Set(['interface', 'nat']);
const INTERFACE_WORDS = 'ls /sys/class/net';

/** Choices of the flag, else those that the configuration's schema names. */
function valuesOf({ path }: CommandInfo, { name, choices }: FlagInfo): Values {
  if (choices.length > 0) return { kind: 'words', words: choices };
  if (FILES.has(name)) return { kind: 'files' };
  if (INTERFACES.has(name)) return { kind: 'interfaces' };
  const kind: ConfigKind<unknown> | undefined = [clientKind, serverKind].find(({ role }) => role === path[0]);
  const expected = kind?.keys.includes(name) ? expectation(kind, name) : '';
  const [, listed] = /^one of (.*)$/.exec(expected) ?? [];
  return listed === undefined ? { kind: 'unknown' } : { kind: 'words', words: listed.split(', ') };
}

const formsOf = ({ name, alias }: FlagInfo) => [`--${name}`, ...(alias === undefined ? [] : [`-${alias}`])];
const flagsOf = (command: CommandInfo) => [...command.flags, ...COMMON_FLAGS];

/** Words that may stand where no flag does: commands below, and choices of the operands. */
function wordsOf(command: CommandInfo, all: readonly CommandInfo[]): string[] {
  const below = all.filter(({ path }) => path.slice(0, -1).join(' ') === command.path.join(' '));
  return [
    ...below.map(({ path }) => path[path.length - 1]),
    ...command.positionals.flatMap(({ choices }) => choices),
  ];
}

/** The program itself, as a command above all others. */
function withRoot(commands: readonly CommandInfo[]): CommandInfo[] {
  const root = { path: [], summary: '', synopsis: [], about: '', positionals: [], flags: [], examples: [] };
  return [root, ...commands];
}

const keyOf = ({ path }: CommandInfo) => path.join(' ');

export function bashCompletion(commands: readonly CommandInfo[]): string {
  const all = withRoot(commands);
  const values = all.flatMap((command) =>
    flagsOf(command)
      .filter(({ takesValue }) => takesValue)
      .map((flag) => {
        const patterns = formsOf(flag).map((form) => `'${keyOf(command)}:${form}'`);
        const found = valuesOf(command, flag);
        const made = {
          words: () =>
            `mapfile -t COMPREPLY < <(compgen -W '${found.kind === 'words' ? found.words.join(' ') : ''}' -- "$cur")`,
          files: () => 'mapfile -t COMPREPLY < <(compgen -f -- "$cur"); compopt -o filenames 2>/dev/null',
          interfaces: () => `mapfile -t COMPREPLY < <(compgen -W "$(${INTERFACE_WORDS})" -- "$cur")`,
          unknown: () => 'COMPREPLY=()',
        }[found.kind]();
        return `    ${patterns.join(' | ')}) ${made}; return ;;`;
      }),
  );
  const words = all.map((command) => {
    const known = [...wordsOf(command, all), ...flagsOf(command).flatMap(formsOf)];
    return `    '${keyOf(command)}') words='${known.join(' ')}' ;;`;
  });
  return `# bash completion for resip-vpn
_resip_vpn() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} command='' words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${command:+$command }\${COMP_WORDS[i]}" in
      ${commands.map((command) => `'${keyOf(command)}'`).join(' | ')})
        command="\${command:+$command }\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$command:$prev" in
${values.join('\n')}
  esac
  case "$command" in
${words.join('\n')}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _resip_vpn resip-vpn
`;
}

export function fishCompletion(commands: readonly CommandInfo[]): string {
  const all = withRoot(commands);
  const quote = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const lines = all.flatMap((command) => {
    const here = `-n '__resip_vpn_at "${keyOf(command)}"'`;
    const words = wordsOf(command, all).map((word) => {
      const below = all.find(({ path }) => path.join(' ') === [...command.path, word].join(' '));
      const says = below === undefined ? '' : ` -d ${quote(below.summary)}`;
      return `complete -c resip-vpn ${here} -a ${word}${says}`;
    });
    const flags = flagsOf(command).map((flag) => {
      const short = flag.alias === undefined ? '' : ` -s ${flag.alias}`;
      return `complete -c resip-vpn ${here} -l ${flag.name}${short}${fishValues(command, flag)} -d ${quote(flag.text)}`;
    });
    return [...words, ...flags];
  });
  return `# fish completion for resip-vpn
function __resip_vpn_at
    set -l found
    for word in (commandline -opc)[2..]
        set -l next (string join ' ' $found $word)
        contains -- $next ${commands.map((command) => quote(keyOf(command))).join(' ')}; and set found $found $word
    end
    test (string join ' ' $found) = "$argv[1]"
end
complete -c resip-vpn -f
${lines.join('\n')}
`;
}

function fishValues(command: CommandInfo, flag: FlagInfo): string {
  if (!flag.takesValue) return '';
  const found = valuesOf(command, flag);
  switch (found.kind) {
    case 'words':
      return ` -x -a '${found.words.join(' ')}'`;
    case 'files':
      return ' -r -F';
    case 'interfaces':
      return ` -x -a '(${INTERFACE_WORDS})'`;
    case 'unknown':
      return ' -x';
  }
}

export function zshCompletion(commands: readonly CommandInfo[]): string {
  const all = withRoot(commands);
  const cases = all.map((command) => {
    const flags = flagsOf(command).flatMap((flag) =>
      formsOf(flag).map((form) => zshFlag(command, flag, form)),
    );
    const words = wordsOf(command, all);
    const operand = words.length > 0 ? `'*:word:(${words.join(' ')})'` : "'*:word: '";
    return `    '${keyOf(command)}')\n      _arguments ${[...flags, operand].join(' \\\n        ')} ;;`;
  });
  return `#compdef resip-vpn
# zsh completion for resip-vpn
_resip-vpn() {
  local found='' word
  for word in "\${(@)words[2,CURRENT - 1]}"; do
    case "\${found:+$found }$word" in
      ${commands.map((command) => `'${keyOf(command)}'`).join(' | ')}) found="\${found:+$found }$word" ;;
    esac
  done
  case "$found" in
${cases.join('\n')}
  esac
}
if [ "$funcstack[1]" = _resip-vpn ]; then _resip-vpn "$@"; else compdef _resip-vpn resip-vpn; fi
`;
}

function zshFlag(command: CommandInfo, flag: FlagInfo, form: string): string {
  const text = flag.text.replaceAll("'", "'\\''").replace(/[[\]:]/g, '\\$&');
  const repeat = flag.isRepeatable ? '*' : '';
  if (!flag.takesValue) return `'${repeat}${form}[${text}]'`;
  const found = valuesOf(command, flag);
  const made = {
    words: () => `(${found.kind === 'words' ? found.words.join(' ') : ''})`,
    files: () => '_files',
    interfaces: () => `(\${(f)"$(${INTERFACE_WORDS})"})`,
    unknown: () => ' ',
  }[found.kind]();
  return `'${repeat}${form}[${text}]:${flag.name}:${made}'`;
}
