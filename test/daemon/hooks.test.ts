/** The queue of the owner's programs. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { NO_HOOKS } from '../../src/config/hook-config.ts';
import type { HookName } from '../../src/config/hook-names.ts';
import { Hooks } from '../../src/daemon/hooks.ts';
import { waitFor } from '../netns/lab/process.ts';
import { temporaryDir } from '../state/temporary-dir.ts';

let dir: string;
let logged: string[];
beforeEach(() => {
  dir = temporaryDir();
  logged = [];
});

const log = {
  debug: () => {},
  info: (fields: object, event: string) => void logged.push(`${event} ${JSON.stringify(fields)}`),
  warn: (fields: object, event: string) => void logged.push(`${event} ${JSON.stringify(fields)}`),
  error: () => {},
};

/** A table where each hook named runs `text`. */
function table(text: string, ...names: HookName[]) {
  const file = join(dir, 'hook');
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
  const command = { text: file, file, args: [] };
  return { ...NO_HOOKS, ...Object.fromEntries(names.map((name) => [name, [command]])) };
}

const output = () => readFileSync(join(dir, 'out'), 'utf8').trim().split('\n');
/** Says what it was told, and takes as long as the file `busy` is there. */
const SAYS = `echo "$RESIP_HOOK $RESIP_PATH" >> "$(dirname "$0")/out"; while [ -e "$(dirname "$0")/busy" ]; do sleep 0.02; done`;

test('one after the other; of one path, only the last that waits', async () => {
  const hooks = new Hooks(table(SAYS, 'path-up', 'path-down'), log);
  writeFileSync(join(dir, 'busy'), '');
  const first = hooks.run('path-up', { path: 1 }, '1');
  // The shell makes the file before it writes to it.
  await waitFor('the first', () => existsSync(join(dir, 'out')) && output()[0] !== '');
  const others = [
    hooks.run('path-down', { path: 1 }, '1'),
    hooks.run('path-down', { path: 2 }, '2'),
    hooks.run('path-up', { path: 1 }, '1'),
  ];
  expect(output()).toEqual(['path-up 1']);
  await import('node:fs/promises').then(({ unlink }) => unlink(join(dir, 'busy')));
  await Promise.all([first, ...others]);
  expect(output()).toEqual(['path-up 1', 'path-down 2', 'path-up 1']);
});

test('what waits is bounded', async () => {
  const hooks = new Hooks(table('sleep 60', 'path-up'), log);
  const runs = Array.from({ length: 300 }, (_, path) => hooks.run('path-up', { path }, String(path)));
  expect(await runs[299]).toContain('too many');
  expect(logged.filter((line) => line.startsWith('hook-left-out'))).toHaveLength(300 - 257);
  hooks.hurry();
  await Promise.all(runs);
});

test('a failure is told and logged, with what the program said', async () => {
  const hooks = new Hooks(table('echo because; exit 4', 'pre-up'), log);
  expect(await hooks.run('pre-up', {})).toBe('ended with 4');
  expect(logged.join('\n')).toMatch(/says.*because[\s\S]*failed.*ended with 4/);
});

test('a program that somebody opened to others since the start is not run', async () => {
  const hooks = new Hooks(table(SAYS, 'post-up'), log);
  chmodSync(join(dir, 'hook'), 0o777);
  expect(await hooks.run('post-up', {})).toContain('is not safe');
  expect(existsSync(join(dir, 'out'))).toBe(false);
});

test('a reload that names a bad program changes nothing', async () => {
  const hooks = new Hooks(table(SAYS, 'post-up'), log);
  const bad = { ...NO_HOOKS, 'post-up': [{ text: '/none', file: '/none', args: [] }] };
  expect(() => hooks.replace(bad)).toThrow('cannot be run');
  await hooks.run('post-up', { path: 7 });
  expect(output()).toEqual(['post-up 7']);
});
