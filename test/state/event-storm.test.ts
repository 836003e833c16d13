/** Thousands of clients that come at once are thousands of lines, and not as many calls. */
import { open, readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { EventLog, eventFiles } from '../../src/state/event-log.ts';
import { temporaryDir } from './temporary-dir.ts';

vi.mock('node:fs/promises', async (importOriginal) => {
  const original = await importOriginal<typeof import('node:fs/promises')>();
  return { ...original, open: vi.fn(original.open) };
});

const GATHER_MS = 20;
const EVENTS = 150;

test('the lines of a storm are gathered, and none is lost', async () => {
  const directory = temporaryDir();
  const clock = { wallMs: Date.now, bootMs: () => performance.now() };
  const fail = (error: Error) => {
    throw error;
  };
  const log = new EventLog(directory, clock, fail);
  const beganMs = performance.now();
  for (let number = 0; number < EVENTS; number++) {
    log.add('session-established', { number });
    await pause(1);
  }
  await log.flush();
  const tookMs = performance.now() - beganMs;
  // What other tests of this process still write is not counted.
  const calls = vi.mocked(open).mock.calls.filter(([path]) => String(path).startsWith(directory));
  // A timer may be a millisecond early; without gathering it is a call for each line.
  expect(calls.length).toBeLessThanOrEqual(1.5 * (tookMs / GATHER_MS) + 2);
  const lines = (await readFile(eventFiles(directory)[0], 'utf8')).trim().split('\n');
  expect(lines.map((line) => JSON.parse(line).number)).toEqual(Array.from({ length: EVENTS }, (_, i) => i));
});
