/** Files that are written in batches, on a disk that refuses some. */
import { expect, test, vi } from 'vitest';
import { WriteQueue } from '../../src/state/write-queue.ts';

test('a file that cannot be written keeps no other from the disk, and is told once', async () => {
  const written = new Set<string>();
  const told: string[] = [];
  const refuses = new Set(Array.from({ length: 40 }, (_, i) => `bad-${i}`));
  const queue = new WriteQueue(
    (path) => told.push(path),
    async (path) => {
      if (refuses.has(path)) throw new Error('EISDIR');
      written.add(path);
    },
  );
  for (const path of refuses) queue.put(path, '', false);
  for (const path of ['revoked', 'counter']) queue.put(path, '', true);
  for (let i = 0; i < 10; i++) expect(await queue.flush()).toBe(false);
  expect([...written]).toEqual(['revoked', 'counter']);
  expect(told).toHaveLength(1);
  refuses.clear();
  expect(await queue.flush()).toBe(true);
  refuses.add('bad-0');
  queue.put('bad-0', '', false);
  await queue.flush();
  expect(told).toEqual([told[0], 'bad-0']);
  refuses.clear();
  expect(await queue.flush()).toBe(true);
});

test('what was to be kept is kept, whatever comes in meanwhile', async () => {
  const queue: WriteQueue = new WriteQueue(
    () => {},
    async (path) => {
      // A crowd of clients goes on shaking hands.
      if (path === 'revoked') queue.put('counter', 'newer', false);
    },
    async () => {},
  );
  queue.put('counter', 'old', false);
  queue.put('revoked', '', true);
  expect(await queue.flush()).toBe(true);
  expect(await queue.flush()).toBe(true);
});

test('one file answers for itself', async () => {
  const queue = new WriteQueue(
    () => {},
    async (path) => {
      if (path.startsWith('/x/bad')) throw new Error('EISDIR');
    },
    async (directory) => {
      if (directory === '/y') throw new Error('EIO');
    },
  );
  for (const path of ['/x/bad', '/x/bad too', '/y/lost']) queue.put(path, '', true);
  expect(await queue.flush()).toBe(false);
  queue.put('/x/revoked', '', true);
  expect(await queue.keep('/x/revoked')).toBe(true);
  expect(await queue.keep('/x/revoked')).toBe(true);
  expect(await queue.keep('/x/bad')).toBe(false);
  expect(await queue.keep('/y/lost')).toBe(false);
});

test('a file that cannot be written delays no urgent one', async () => {
  vi.useFakeTimers();
  const written: string[] = [];
  const queue = new WriteQueue(
    () => {},
    async (path) => {
      if (path === 'bad') throw new Error('EISDIR');
      written.push(path);
    },
    async () => {},
  );
  queue.put('bad', '', true);
  await vi.advanceTimersByTimeAsync(1);
  queue.put('revoked', '', true);
  await vi.advanceTimersByTimeAsync(1);
  expect(written).toEqual(['revoked']);
  vi.useRealTimers();
});
