/** Makes each mutant in a copy of the source, runs the simulator over it, and wants it caught. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadNative } from '../../../src/native/native.ts';
import { type Edit, MUTANTS, type Mutant } from './mutants.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const TIMEOUT_MS = 120_000;

/** `name`: only mutants whose name contains it. True when every one was caught. */
export function runMutants(name = ''): boolean {
  // Without the addon every run breaks, and every mutant would count as caught.
  loadNative();
  const chosen = MUTANTS.filter((mutant) => mutant.name.includes(name));
  let caught = 0;
  for (const mutant of chosen) {
    const verdict = fits(mutant) ?? runMutant(mutant);
    if (verdict.caught) caught++;
    console.log(`${verdict.caught ? 'caught ' : 'ALIVE  '} ${mutant.name}: ${verdict.by}`);
  }
  console.log(`${caught} of ${chosen.length} mutants caught`);
  return caught === chosen.length && chosen.length > 0;
}

/** The changed text; throws when `find` does not stand there exactly once. */
export function mutate(text: string, edit: Edit): string {
  const parts = text.split(edit.find);
  if (parts.length !== 2) throw new Error(`${edit.file}: ${parts.length - 1} times: ${edit.find}`);
  return parts.join(edit.replace);
}

export function readSource(file: string): string {
  return readFileSync(join(ROOT, 'src/proto', file), 'utf8');
}

interface Result {
  readonly caught: boolean;
  readonly by: string;
}

/** Null when every edit finds its place. */
function fits(mutant: Mutant): Result | null {
  try {
    for (const edit of mutant.edits) mutate(readSource(edit.file), edit);
    return null;
  } catch (error) {
    return { caught: false, by: `no longer fits: ${(error as Error).message}` };
  }
}

function runMutant(mutant: Mutant): Result {
  const copy = mkdtempSync(join(tmpdir(), 'resip-mutant-'));
  try {
    for (const part of ['src', 'test/sim', 'package.json', 'tsconfig.json'])
      cpSync(join(ROOT, part), join(copy, part), { recursive: true });
    mkdirSync(join(copy, 'native'));
    symlinkSync(join(ROOT, 'native/build'), join(copy, 'native/build'));
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    for (const edit of mutant.edits) {
      const file = join(copy, 'src/proto', edit.file);
      writeFileSync(file, mutate(readFileSync(file, 'utf8'), edit));
    }
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      ['--import', 'tsx', 'test/sim/main.ts', ...mutant.run, '--no-shrink'],
      { cwd: copy, encoding: 'utf8', timeout: TIMEOUT_MS },
    );
    const message = /^BROKEN .*\n {2}(.*)$/m.exec(stdout)?.[1];
    // A mutant that names what is not there any more breaks on its own.
    if (message !== undefined) return { caught: !/^(TypeError|ReferenceError)/.test(message), by: message };
    return {
      caught: false,
      by: status === 0 ? 'every invariant held' : `the run failed: ${stderr.slice(-400)}`,
    };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
