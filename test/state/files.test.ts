import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { UserError } from '../../src/errors.ts';
import { writeAtomic } from '../../src/state/atomic-file.ts';
import { tryLock } from '../../src/state/file-lock.ts';
import { damageError, readJson } from '../../src/state/json-file.ts';
import { ensureStateDir, lockForDaemon, withEditLock } from '../../src/state/state-dir.ts';
import { WriteQueue } from '../../src/state/write-queue.ts';
import { temporaryDir } from './temporary-dir.ts';

describe('atomic files', () => {
  test('the new content replaces the old one, for the owner only, and nothing else remains', async () => {
    const dir = temporaryDir();
    const path = join(dir, 'a.json');
    writeFileSync(path, 'old', { mode: 0o644 });
    await writeAtomic(path, 'new');
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(dir)).toEqual(['a.json']);
  });

  test('a write that fails leaves the old content and no temporary file', async () => {
    const dir = temporaryDir();
    mkdirSync(join(dir, 'a.json', 'full'), { recursive: true });
    await expect(writeAtomic(join(dir, 'a.json'), 'new')).rejects.toThrow(/EISDIR|ENOTEMPTY/);
    expect(readdirSync(dir)).toEqual(['a.json']);
  });

  test('a link in the place of a file leads nowhere', async () => {
    const dir = temporaryDir();
    const [path, lock, precious] = ['a.json', 'daemon.lock', 'precious'].map((name) => join(dir, name));
    writeFileSync(precious, 'of somebody else');
    symlinkSync(precious, join(dir, '.a.json.tmp'));
    symlinkSync(precious, lock);
    await expect(writeAtomic(path, 'new')).rejects.toThrow(/ELOOP/);
    expect(() => tryLock(lock)).toThrow(/ELOOP/);
    expect(readFileSync(precious, 'utf8')).toBe('of somebody else');
    // The link is gone: the next one succeeds.
    await writeAtomic(path, 'new');
    expect(readFileSync(path, 'utf8')).toBe('new');
  });

  test('what the system refuses is named, with what to do', async () => {
    const path = '/sys/kernel/a.json';
    const isRefused = /^\/sys\/kernel\/a\.json cannot be written\ncause: E[A-Z]+: .*\nfix: (run|give|mount) /;
    await expect(writeAtomic(path, 'new')).rejects.toThrow(UserError);
    await expect(writeAtomic(path, 'new')).rejects.toThrow(isRefused);
    expect(() => tryLock(path)).toThrow(isRefused);
  });

  test('a temporary file that a crash left half written is not read and is overwritten', async () => {
    const dir = temporaryDir();
    const path = join(dir, 'a.json');
    writeFileSync(join(dir, '.a.json.tmp'), '{"half');
    expect(await readJson(path, z.unknown())).toEqual({ kind: 'missing' });
    await writeAtomic(path, '1');
    expect(readdirSync(dir)).toEqual(['a.json']);
  });
});

describe('damaged files', () => {
  test.each([
    ['', 'it is empty'],
    ['{"a": ', 'it is not JSON'],
    ['{"a": "x"}', 'a: Invalid input'],
    [`"${'x'.repeat(70_000)}"`, 'larger than'],
  ])('%.10s', async (text, reason) => {
    const path = join(temporaryDir(), 'a.json');
    writeFileSync(path, text);
    const result = await readJson(path, z.object({ a: z.number() }));
    expect(result).toEqual({ kind: 'damaged', reason: expect.stringContaining(reason) });
  });
});

test('a file that may not be read is not called damaged: nobody should move keys away for that', async () => {
  // The kernel says EINVAL or EIO for it, whoever asks.
  const result = await readJson('/proc/self/mem', z.unknown());
  expect(result).toMatchObject({ kind: 'damaged', refused: expect.any(Error) });
  const error = damageError('/x/server.json', result as { reason: string }, 'move it away');
  expect(error.message).toMatch(/^\/x\/server.json cannot be read\ncause: E/);
  expect(error.message).not.toContain('move');
});

describe('locks', () => {
  /** A process that holds the lock until it is killed; resolves when it has it. */
  async function holder(path: string) {
    const code = `const { spawnSync } = require('child_process'), fs = require('fs');
      const file = fs.openSync(process.argv[1], 'a+');
      spawnSync('flock', ['-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', file] });
      fs.writeSync(file, process.pid + '\\n'); console.log('locked'); setInterval(() => {}, 1e6);`;
    const child = spawn(process.execPath, ['-e', code, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    return child;
  }

  test('a lock is held once and free again when given back', () => {
    const path = join(temporaryDir(), 'lock');
    // A longer number than ours, of a process that is gone.
    writeFileSync(path, '123456789\n');
    const first = tryLock(path);
    expect(tryLock(path)).toEqual({ heldBy: process.pid });
    if ('release' in first) first.release();
    expect(tryLock(path)).toHaveProperty('release');
  });

  test('the message names the process that runs; after kill -9 the lock is free', async () => {
    const dir = temporaryDir();
    const child = await holder(join(dir, 'daemon.lock'));
    expect(() => lockForDaemon(dir)).toThrow(`process ${child.pid}`);
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    lockForDaemon(dir).release();
  });

  test('edits wait for one another', async () => {
    const dir = temporaryDir();
    let running = 0;
    const edit = () =>
      withEditLock(dir, async () => {
        expect(++running).toBe(1);
        await new Promise(setImmediate);
        running--;
      });
    await Promise.all([edit(), edit(), edit()]);
  });

  test('a state directory that cannot be one is an error for the user', () => {
    const path = join(temporaryDir(), 'file');
    writeFileSync(path, '');
    expect(() => ensureStateDir(path)).toThrow(UserError);
    expect(() => ensureStateDir(join(path, 'below'))).toThrow('--state-dir');
  });
});

describe('write queue', () => {
  test('many changes of one file are one write of the newest', async () => {
    const written: string[] = [];
    const queue = new WriteQueue(
      () => {},
      async (path, text) => void written.push(`${path} ${text}`),
    );
    for (let i = 0; i < 100; i++) queue.put('a', String(i), false);
    queue.put('b', 'x', false);
    expect(written).toEqual([]);
    expect(await queue.flush()).toBe(true);
    expect(written).toEqual(['a 99', 'b x']);
  });

  test('an urgent change does not wait for the batch', async () => {
    vi.useFakeTimers();
    try {
      const written: string[] = [];
      const queue = new WriteQueue(
        () => {},
        async (_, text) => void written.push(text),
        async () => {},
      );
      queue.put('a', 'calm', false);
      await vi.advanceTimersByTimeAsync(10);
      expect(written).toEqual([]);
      queue.put('a', 'urgent', true);
      await vi.advanceTimersByTimeAsync(1);
      expect(written).toEqual(['urgent']);
    } finally {
      vi.useRealTimers();
    }
  });

  test('a storm of calm changes is written a few files a second, and keeps nothing urgent waiting', async () => {
    vi.useFakeTimers();
    try {
      const written: string[] = [];
      const queue = new WriteQueue(
        () => {},
        async (path) => void written.push(path),
        async () => {},
      );
      for (let i = 0; i < 1_000; i++) queue.put(`calm-${i}`, 'x', false);
      queue.put('calm-0', 'newer', false);
      await vi.advanceTimersByTimeAsync(1_000);
      expect(written).toHaveLength(64);
      queue.put('urgent', 'x', true);
      await vi.advanceTimersByTimeAsync(1);
      expect(written.at(-1)).toBe('urgent');
      await vi.advanceTimersByTimeAsync(2_000);
      expect(written).toHaveLength(3 * 64 + 1);
      expect(await queue.flush()).toBe(true);
      expect(new Set(written).size).toBe(1_001);
      expect(written).toHaveLength(1_001);
    } finally {
      vi.useRealTimers();
    }
  });

  test('what could not be written stays, and is complained about once', async () => {
    const errors: string[] = [];
    const written: string[] = [];
    let isFull = true;
    const queue = new WriteQueue(
      (path, error) => errors.push(`${path}: ${error.message}`),
      async (path) => {
        if (isFull) throw new Error('ENOSPC');
        written.push(path);
      },
    );
    queue.put('a', '1', false);
    queue.put('b', '1', false);
    expect(await queue.flush()).toBe(false);
    expect(await queue.flush()).toBe(false);
    isFull = false;
    expect(await queue.flush()).toBe(true);
    expect(errors).toEqual(['a: ENOSPC']);
    expect(written).toEqual(['a', 'b']);
  });

  test('a directory is synchronized once for many files, and before they leave the queue', async () => {
    const steps: string[] = [];
    let isBroken = true;
    const queue = new WriteQueue(
      (path, error) => steps.push(`${path}: ${error.message}`),
      async (path) => void steps.push(path),
      async (directory) => {
        if (isBroken) throw new Error('EIO');
        steps.push(directory);
      },
    );
    queue.put('/x/a', '1', false);
    queue.put('/x/b', '1', false);
    expect(await queue.flush()).toBe(false);
    isBroken = false;
    expect(await queue.flush()).toBe(true);
    expect(steps).toEqual(['/x/a', '/x/b', '/x: EIO', '/x/a', '/x/b', '/x']);
  });
});
