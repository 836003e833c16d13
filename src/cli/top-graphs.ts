/** Figures of the past minutes in rows: what it is, how it is now, and how it was, a second per character. */
import type { Column } from '../trends/answer.ts';
import type { Line, Style } from './screen.ts';
import { sparkline } from './sparkline.ts';

export interface Graphs {
  readonly columns: number;
  readonly isAscii: boolean;
  readonly labelWidth: number;
  readonly figureWidth: number;
}

export interface SparkOptions {
  /** At least so much fills a character to its top: a millisecond more or less is no mountain. */
  readonly atLeast?: number;
  /** Of the path: seconds in which it carried nothing are crosses. */
  readonly levels?: Column;
  readonly style?: Style;
}

/** `rtt  21.3 ms  ▁▁▂▁`. */
export function sparkRow(
  label: string,
  figure: string,
  values: Column,
  graphs: Graphs,
  { atLeast = 0, levels, style = 'accent' }: SparkOptions = {},
): Line {
  const { labelWidth, figureWidth, isAscii } = graphs;
  const width = sparkWidth(graphs);
  const shown = values.slice(-width);
  const max = Math.max(atLeast, ...shown.map((value) => value ?? 0));
  const line = sparkline(shown, width, { max, isAscii });
  return [
    [`  ${label}`.padEnd(labelWidth + 2), 'dim'],
    figure.padStart(figureWidth),
    '  ',
    ...crossed(line, levels?.slice(-width) ?? [], style),
  ];
}

export function sparkWidth({ columns, labelWidth, figureWidth }: Graphs): number {
  return Math.max(0, columns - labelWidth - figureWidth - 4);
}

/** The line in runs of one style each, with a cross where the path was down. */
function crossed(line: string, levels: Column, style: Style): (readonly [string, Style])[] {
  const runs: [string, Style][] = [];
  const pad = line.length - levels.length;
  [...line].forEach((character, i) => {
    const isDown = levels[i - pad] === 0;
    const [shown, look]: [string, Style] = isDown ? ['x', 'bad'] : [character, style];
    const last = runs.at(-1);
    if (last?.[1] === look) last[0] += shown;
    else runs.push([shown, look]);
  });
  return runs;
}
