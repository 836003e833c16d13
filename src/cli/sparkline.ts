/** A row of figures as a row of characters, a character per figure. */

const BLOCKS = '▁▂▃▄▅▆▇█';
/** For terminals without Unicode. */
const ASCII = '_.:-=+*#';

export interface SparklineOptions {
  /** What fills a character to its top. */
  readonly max: number;
  readonly isAscii?: boolean;
}

/** The newest of `values` at the right end of `width` characters. Null is a blank; what is not zero stands out from zero. */
export function sparkline(
  values: readonly (number | null)[],
  width: number,
  { max, isAscii = false }: SparklineOptions,
): string {
  const blocks = isAscii ? ASCII : BLOCKS;
  const shown = values.slice(Math.max(0, values.length - width));
  const drawn = shown.map((value) => {
    if (value === null) return ' ';
    if (value <= 0 || max <= 0) return blocks[0];
    const level = Math.ceil((Math.min(value, max) / max) * (blocks.length - 1));
    return blocks[level];
  });
  return drawn.join('').padStart(width);
}
