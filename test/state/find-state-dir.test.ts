import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findStateDir } from '../../src/state/find-state-dir.ts';
import { temporaryDir } from './temporary-dir.ts';

/** Beyond what Linux gives. */
const NO_PID = 2 ** 22 + 1;

type Kind = 'idle' | 'runs' | 'killed';

/** What is there, by name; '' = the usual directory itself. */
function machine(states: Readonly<Record<string, Kind>>): string {
  const usual = temporaryDir();
  for (const [name, kind] of Object.entries(states)) {
    const dir = join(usual, name);
    mkdirSync(join(dir, 'control'), { recursive: true });
    writeFileSync(join(dir, 'client.json'), '{}');
    if (kind === 'idle') continue;
    writeFileSync(join(dir, 'control', 'control.sock'), '');
    writeFileSync(join(dir, 'daemon.lock'), `${kind === 'runs' ? process.pid : NO_PID}\n`);
  }
  return usual;
}

test.each<[Record<string, Kind>, string]>([
  [{}, ''],
  [{ '': 'idle' }, ''],
  [{ home: 'idle' }, 'home'],
  [{ '': 'idle', home: 'idle' }, ''],
  // Somebody has tried it out, and then set it up.
  [{ '': 'idle', client: 'runs' }, 'client'],
  [{ '': 'killed', client: 'runs' }, 'client'],
  [{ '': 'runs', client: 'runs' }, ''],
  [{ home: 'idle', office: 'runs' }, 'office'],
])('of %j it is %j', (states, expected) => {
  const usual = machine(states);
  expect(findStateDir(usual, 'any')).toBe(expected === '' ? usual : join(usual, expected));
});

test.each<[Record<string, Kind>]>([
  [{ home: 'idle', office: 'killed' }],
  [{ home: 'runs', office: 'runs' }],
  [{ '': 'idle', home: 'runs', office: 'runs' }],
])('of %j it could be either', (states) => {
  expect(() => findStateDir(machine(states), 'client')).toThrow(/several.*home, .*office\nfix: name one/s);
});
