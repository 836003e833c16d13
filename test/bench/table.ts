/** Tables without frames, to be read and to be pasted. */
import Table from 'cli-table3';

const FRAME = [
  'top',
  'top-mid',
  'top-left',
  'top-right',
  'bottom',
  'bottom-mid',
  'bottom-left',
  'bottom-right',
];
const LINES = ['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'];

/** The first `leftColumns` are aligned to the left, the others to the right. */
export function plainTable(head: string[], leftColumns = 1): InstanceType<typeof Table> {
  const chars = Object.fromEntries([...FRAME, ...LINES].map((name) => [name, '']));
  return new Table({
    head,
    chars: { ...chars, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: head.map((_, column) => (column < leftColumns ? 'left' : 'right')),
  });
}
