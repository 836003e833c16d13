/** Lines of styled text that are cut to a width: control sequences do not count, and are never cut. */

const STYLES = {
  plain: '',
  bold: '1',
  dim: '2',
  good: '32',
  warning: '33',
  bad: '31',
  accent: '36',
  inverse: '7',
} as const;

export type Style = keyof typeof STYLES;

/** A text that looks one way, or several of them. */
export type Segment = string | readonly [text: string, style: Style];

export type Line = readonly Segment[];

const RESET = '\x1b[0m';

/** At most `width` characters. */
export function renderLine(line: Line, width: number, hasColor: boolean): string {
  let room = width;
  let text = '';
  for (const segment of line) {
    const [plain, style] = typeof segment === 'string' ? ([segment, 'plain'] as const) : segment;
    const characters = [...plain];
    const shown = characters.slice(0, room).join('');
    room -= Math.min(room, characters.length);
    const code = hasColor ? STYLES[style] : '';
    text += code === '' || shown === '' ? shown : `\x1b[${code}m${shown}${RESET}`;
  }
  return text;
}

export function lengthOf(line: Line): number {
  return line.reduce(
    (sum, segment) => sum + [...(typeof segment === 'string' ? segment : segment[0])].length,
    0,
  );
}

/** `left`, and `right` at the end of the line when there is room for both. */
export function justify(left: Line, right: Line, width: number): Line {
  const gap = width - lengthOf(left) - lengthOf(right);
  return gap < 2 ? left : [...left, ' '.repeat(gap), ...right];
}
