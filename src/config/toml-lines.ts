/**
 * On which line each top-level key of a TOML text stands: the parser tells positions for broken syntax only. The text has been
 * parsed before, so that it is known to be whole.
 */

const KEY = /^[ \t]*(?:([A-Za-z0-9_-]+)|"([^"\\]*)"|'([^']*)')[ \t]*(?:\.|=)/;
const TABLE = /^[ \t]*\[\[?[ \t]*(?:([A-Za-z0-9_-]+)|"([^"\\]*)"|'([^']*)')/;

/** Lines count from 1. A key inside a table is told by the table's line. */
export function keyLines(text: string): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  let depth = 0;
  let quote = '';
  let isInTable = false;
  for (const [index, line] of text.split('\n').entries()) {
    if (depth === 0 && quote === '') {
      const table = TABLE.exec(line);
      const key = isInTable ? null : KEY.exec(line);
      if (table) isInTable = true;
      const found = table ?? key;
      const name = found && (found[1] ?? found[2] ?? found[3]);
      if (typeof name === 'string' && !lines.has(name)) lines.set(name, index + 1);
      if (table) continue;
    }
    ({ depth, quote } = scan(line, depth, quote));
  }
  return lines;
}

/** How deep in brackets, and in which quotes of many lines, a line ends. */
function scan(line: string, depth: number, quote: string): { depth: number; quote: string } {
  let at = 0;
  while (at < line.length) {
    if (quote !== '') {
      const isEscape = quote[0] === '"' && line[at] === '\\';
      if (isEscape) at += 2;
      else if (line.startsWith(quote, at)) {
        at += quote.length;
        quote = '';
      } else at++;
      continue;
    }
    const char = line[at];
    if (char === '#') break;
    if (char === '"' || char === "'") {
      quote = line.startsWith(char.repeat(3), at) ? char.repeat(3) : char;
      at += quote.length;
      continue;
    }
    if (char === '[' || char === '{') depth++;
    if (char === ']' || char === '}') depth--;
    at++;
  }
  // Only threefold quotes go on behind the end of a line.
  return { depth, quote: quote.length === 3 ? quote : '' };
}
