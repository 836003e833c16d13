/** Columns without lines between them. */
import Table from 'cli-table3';

const PLACES = ['top', 'bottom', 'left', 'mid', 'right'];
const CORNERS = ['top-mid', 'top-left', 'top-right', 'bottom-mid', 'bottom-left', 'bottom-right'];
const CROSSINGS = ['left-mid', 'mid-mid', 'right-mid'];
const NO_BORDERS = Object.fromEntries([...PLACES, ...CORNERS, ...CROSSINGS].map((part) => [part, '']));

/** A title line and one line per row, each with its newline and without blanks at its end. */
export function formatTable(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  alignments: readonly ('left' | 'right')[],
): string {
  const table = new Table({
    head: [...titles],
    chars: { ...NO_BORDERS, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: [...alignments],
  });
  table.push(...rows.map((row) => [...row]));
  const lines = table.toString().split('\n');
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
}
