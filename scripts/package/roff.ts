/** Text as man(7) takes it. */

const LINE_CHARACTERS = 78;

/** Within a line: backslashes, and hyphens that are to be copied. */
export function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('`', '\\(ga')
    .replaceAll("'", '\\(aq')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replaceAll('…', '...')
    .replaceAll('→', '\\(->')
    .replaceAll('’', '\\(cq');
}

/** Running text, broken into lines that do not look like requests. What stands in backquotes becomes bold. */
export function line(text: string): string {
  const parts = text.split(/`([^`]*)`/);
  const words = parts
    .map((part, i) => (i % 2 === 1 ? `\\fB${roff(part)}\\fR` : roff(part)))
    .join('')
    .split(' ');
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < LINE_CHARACTERS)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map((made) => (/^[.']/.test(made) ? `\\&${made}` : made)).join('\n');
}

export const bold = (text: string): string => `\\fB${roff(text)}\\fR`;
export const italic = (text: string): string => `\\fI${roff(text)}\\fR`;

/** A term with what it means. */
export function item(term: string, ...text: readonly string[]): string {
  return ['.TP', term, ...text.map(line)].join('\n');
}

/** Lines that stay as they are. */
export function literal(lines: readonly string[]): string {
  return ['.PP', '.RS 4', '.nf', ...lines.map((text) => roff(text) || '\\&'), '.fi', '.RE'].join('\n');
}
