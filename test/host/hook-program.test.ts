/** Programs of the owner: what they see, what is heard of them, and when they are not run. */
import { chmodSync, chownSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkHookProgram, runHookProgram } from '../../src/host/hook-program.ts';
import { waitFor } from '../netns/lab/process.ts';
import { temporaryDir } from '../state/temporary-dir.ts';

function script(text: string, dir = temporaryDir()): string {
  const file = join(dir, 'hook');
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
  return file;
}

async function ran(file: string, options: Partial<Parameters<typeof runHookProgram>[0]> = {}) {
  const lines: string[] = [];
  const onLine = (line: string) => void lines.push(line);
  const { signal } = new AbortController();
  const failure = await runHookProgram({
    file,
    args: [],
    env: {},
    timeoutMs: 20_000,
    signal,
    onLine,
    ...options,
  });
  return { failure, lines };
}

test('sees its arguments and what it is told, and nothing else of this process', async () => {
  process.env.SECRET = 'x';
  const file = script('echo "$RESIP_TUN:$1:$#"; env | grep -c SECRET; echo oh >&2; pwd');
  const { failure, lines } = await ran(file, { args: ['$HOME;', 'b'], env: { RESIP_TUN: 'tun0' } });
  expect(failure).toBeUndefined();
  expect(lines.sort()).toEqual(['/', '0', 'oh', 'tun0:$HOME;:2']);
});

test.each([
  ['exit 3', 'ended with 3'],
  ['kill -KILL $$', 'ended by SIGKILL'],
])('%s is told', async (text, failure) => {
  expect((await ran(script(text))).failure).toBe(failure);
});

test('too much is cut: lines, and a line without end', async () => {
  const { lines } = await ran(script('seq 1 500; head -c 10000 /dev/zero | tr "\\0" x'));
  expect(lines).toHaveLength(101);
  const long = (await ran(script('head -c 300000 /dev/zero | tr "\\0" x'))).lines;
  expect(long.join('')).toHaveLength(300_000);
  expect(long.length).toBeGreaterThan(1);
});

test('ends with all that it started when it takes too long, or when the daemon ends', async () => {
  expect((await ran(script('sleep 60'), { timeoutMs: 300 })).failure).toBe('took longer than 0.3 s');
  const dir = temporaryDir();
  // Both notice the end, and one of them is deaf to SIGTERM.
  const child = `trap 'echo > ${dir}/child' TERM; echo ready; sleep 60 & wait`;
  const file = script(`trap '' TERM; (${child}) & sleep 60; sleep 60`, dir);
  const abort = new AbortController();
  const running = ran(file, { signal: abort.signal, onLine: () => abort.abort() });
  expect((await running).failure).toContain('was ended');
  await waitFor('the child to end', () => existsSync(`${dir}/child`));
});

test('what it leaves in the background is not waited for', async () => {
  expect(await ran(script('sleep 20 & echo here'))).toEqual({ failure: undefined, lines: ['here'] });
});

describe('is refused when', () => {
  const refusal = (file: string) => {
    try {
      checkHookProgram(file);
    } catch (error) {
      return (error as Error).message;
    }
    return undefined;
  };

  test('it is not there, not a file, or not a program', () => {
    const dir = temporaryDir();
    expect(refusal(join(dir, 'none'))).toContain('there is no such file');
    expect(refusal(dir)).toContain('it is not a file');
    const file = script('', dir);
    chmodSync(file, 0o644);
    expect(refusal(file)).toContain(`chmod 755 ${file}`);
    chmodSync(file, 0o755);
    expect(refusal(file)).toBeUndefined();
  });

  test('others may write to it or to its directory, also behind a link', () => {
    const dir = temporaryDir();
    const open = join(dir, 'open');
    mkdirSync(open);
    const file = script('', open);
    const link = join(dir, 'link');
    symlinkSync(file, link);
    expect(refusal(link)).toBeUndefined();
    chmodSync(file, 0o775);
    expect(refusal(link)).toContain(`chmod go-w ${file}`);
    chmodSync(file, 0o755);
    chmodSync(open, 0o777);
    expect(refusal(link)).toContain(`chmod go-w ${open}`);
    // As /tmp is: nobody replaces what others have there.
    chmodSync(open, 0o1777);
    expect(refusal(link)).toBeUndefined();
  });

  const isRoot = process.getuid?.() === 0;
  if (!isRoot) process.stderr.write('no program of somebody else: that takes root\n');
  test.runIf(isRoot)('it is somebody else’s', () => {
    const file = script('');
    chownSync(file, 1_234, 0);
    expect(refusal(file)).toContain('it belongs to user 1234');
  });
});
