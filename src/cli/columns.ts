/** Tables from rows of one kind: each column knows what of a row it shows. */
import { formatTable } from './table.ts';

export interface Column<T> {
  readonly title: string;
  readonly cell: (row: T) => string;
  /** Stands to the left; numbers stand to the right. */
  readonly isText?: boolean;
}

/** Lines, the titles first, each two blanks in. */
export function formatColumns<T>(columns: readonly Column<T>[], rows: readonly T[]): string[] {
  const table = formatTable(
    columns.map(({ title }) => title),
    rows.map((row) => columns.map(({ cell }) => cell(row))),
    columns.map(({ isText }) => (isText ? 'left' : 'right')),
  );
  return table
    .trimEnd()
    .split('\n')
    .map((line) => `  ${line}`.trimEnd());
}
