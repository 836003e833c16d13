/**
 * The rooms of `src/` stand one above the other: what runs in one may import from those below it, as ARCHITECTURE.md says. What the
 * documents name is there.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
const SRC = resolve(ROOT, 'src');
/** From the top; rooms of one line do not know each other. */
const FLOORS = [
  ['main.ts'],
  ['cli'],
  ['doctor'],
  ['daemon'],
  ['dashboard'],
  ['trends'],
  ['metrics'],
  ['state'],
  ['config', 'control'],
  ['engine'],
  ['host', 'tun', 'udp', 'crypto'],
  ['native'],
  ['proto'],
  ['errors.ts', 'version.ts', 'format.ts'],
  ['package-root.ts'],
];

const floorOf = (room: string) => FLOORS.findIndex((rooms) => rooms.includes(room));
const roomOf = (file: string) => relative(SRC, file).split('/')[0];

/** Files that `file` needs when it runs: imports of types alone do not count. */
function needs(file: string): string[] {
  const imports = readFileSync(file, 'utf8').matchAll(
    /^(?:import|export) (?!type )([^;]*?)from '(\.[^']+)';/gm,
  );
  return [...imports]
    .filter(([, names]) => !/^\{(\s*type \w+( as \w+)?,?)*\s*\}\s*$/.test(names))
    .map(([, , path]) => resolve(dirname(file), path));
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => resolve(SRC, name));

describe('the rooms of src', () => {
  it('have a floor each', () => {
    expect([...new Set(files.map(roomOf))].filter((room) => floorOf(room) < 0)).toEqual([]);
  });

  it('import only from below', () => {
    const upwards = files.flatMap((file) =>
      needs(file)
        .filter(
          (needed) => roomOf(needed) !== roomOf(file) && floorOf(roomOf(needed)) <= floorOf(roomOf(file)),
        )
        .map((needed) => `${relative(SRC, file)} → ${relative(SRC, needed)}`),
    );
    expect(upwards).toEqual([]);
  });

  it('need one another only where types are not all that is wanted', () => {
    expect(needs(resolve(SRC, 'cli/run.ts')).length).toBeGreaterThan(0);
    expect(needs(resolve(SRC, 'engine/engine.ts')).some((file) => roomOf(file) === 'proto')).toBe(true);
  });
});

describe.each(['README.md', 'src/ARCHITECTURE.md', 'src/proto/PROTOCOL.md'])('%s', (document) => {
  it('names only files and npm scripts that are there', () => {
    const text = readFileSync(resolve(ROOT, document), 'utf8');
    const there = ['src', 'native', 'scripts', 'systemd', 'test'].flatMap((folder) =>
      readdirSync(resolve(ROOT, folder), { recursive: true, encoding: 'utf8' }).map(
        (name) => `/${folder}/${name}`,
      ),
    );
    const { scripts } = JSON.parse(readFileSync(resolve(ROOT, 'package.json'), 'utf8'));
    const files = [...text.matchAll(/`([a-z][\w/-]*\.(?:ts|sh|mjs|md|h|cc|json))`/g)].map(([, name]) => name);
    const commands = [...text.matchAll(/\bnpm run ([\w:]+)/g)].map(([, name]) => name);
    expect(files.filter((name) => !there.some((path) => path.endsWith(`/${name}`)))).toEqual([]);
    expect(commands.filter((name) => !(name in scripts))).toEqual([]);
  });
});
