/** What the program says without any verb. The parser of command lines, which takes a tenth of a second to load, is not needed for it. */
import { VERBS, type Verb } from './commands.ts';

const TITLE = 'A VPN over several links at once: every packet takes every link, the first copy wins.';

const OPTIONS: readonly (readonly [words: string, does: string])[] = [
  ['-h, --help', 'Show help; with a command, what it takes'],
  ['    --verbose', 'Say more, and show where an error came from'],
  ['-V, --version', 'Show version number'],
];

/** `width`: columns of the terminal. */
export function formatVerbList(width: number): string {
  const verbs = VERBS.map(({ command, describe }: Verb) => [`resip-vpn ${command}`, describe] as const);
  const margin = Math.max(...verbs.map(([words]) => words.length)) + 4;
  const row = ([words, does]: readonly [string, string]) => {
    const [first, ...others] = wrap(does, Math.max(20, width - margin));
    return [`  ${words}`.padEnd(margin) + first, ...others.map((line) => ' '.repeat(margin) + line)];
  };
  return [
    'resip-vpn <command>\n',
    ...wrap(TITLE, width),
    '\nCommands:',
    ...verbs.flatMap(row),
    '\nOptions:',
    ...OPTIONS.flatMap(row),
    '',
  ].join('\n');
}

/** Lines of at most `width` characters, if no word is longer. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] += ` ${word}`;
    else lines.push(word);
  }
  return lines;
}
