/** What happened, written by one process and read by another. */
import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import { EventLog, eventFiles } from '../../src/state/event-log.ts';
import { EventReader } from '../../src/state/event-reader.ts';
import { temporaryDir } from './temporary-dir.ts';

let dir: string;
let nowMs: number;
beforeEach(() => {
  dir = temporaryDir();
  nowMs = Date.UTC(2026, 0, 1);
});

const failed = (error: Error) => {
  throw error;
};
/** Up for an hour when the test begins. */
const clock = { wallMs: () => nowMs, bootMs: () => nowMs - Date.UTC(2025, 11, 31, 23) + 0.4 };
const open = (maxFileBytes?: number) => new EventLog(dir, clock, failed, maxFileBytes);
async function readAll(sinceMs = 0, from = dir) {
  const reader = new EventReader(from);
  const records = await reader.readAll(sinceMs);
  await reader.close();
  return records;
}
const events = async (sinceMs = 0, from = dir) => (await readAll(sinceMs, from)).map(({ event }) => event);

test('comes back in order, from a time on, for its owner alone', async () => {
  const log = open();
  log.add('started', { role: 'client' });
  nowMs += 60_000;
  log.add('path-up', { interface: 'wlan0' });
  await log.flush();
  expect(await readAll()).toEqual([
    { at: '2026-01-01T00:00:00.000Z', bootMs: 3_600_000, event: 'started', role: 'client' },
    { at: '2026-01-01T00:01:00.000Z', bootMs: 3_660_000, event: 'path-up', interface: 'wlan0' },
  ]);
  expect(await events(nowMs - 1)).toEqual(['path-up']);
  expect(statSync(eventFiles(dir)[0]).mode & 0o777).toBe(0o600);
});

test('a line that a crash cut short takes none of the next process along', async () => {
  const before = open();
  before.add('one');
  await before.flush();
  appendFileSync(eventFiles(dir)[0], '{"at":"2026-01-01T00:00:0');
  expect(await events()).toEqual(['one']);
  const after = open();
  after.add('two');
  after.add('three');
  await after.flush();
  expect(await events()).toEqual(['one', 'two', 'three']);
  expect(readFileSync(eventFiles(dir)[0], 'utf8').split('\n')).toHaveLength(5);
});

test('what is no event is skipped', async () => {
  writeFileSync(
    eventFiles(dir)[0],
    'null\n[]\n{"at":1,"event":"x"}\n\0\0\0\n{"at":"2026-01-01T00:00:00Z","event":"ok"}\n',
  );
  expect(await events()).toEqual(['ok']);
});

test('two files of bounded size, the newest events in them', async () => {
  const log = open(2_000);
  for (let i = 0; i < 200; i++) {
    log.add(`event-${i}`);
    await log.flush();
  }
  const sizes = eventFiles(dir).map((path) => statSync(path).size);
  for (const size of sizes) expect(size).toBeLessThanOrEqual(2_000);
  const kept = await events();
  expect(kept.length).toBeGreaterThan(30);
  expect(kept).toEqual(Array.from({ length: kept.length }, (_, i) => `event-${200 - kept.length + i}`));
});

test('who follows misses nothing, also when the file is changed for another', async () => {
  const log = open(600);
  log.add('first');
  await log.flush();
  const reader = new EventReader(dir);
  const seen = (await reader.readAll(0)).map(({ event }) => event);
  for (let i = 0; i < 60; i++) {
    log.add(`e${i}`);
    await log.flush();
    if (i % 3 === 0) seen.push(...(await reader.readNew()).map(({ event }) => event));
  }
  seen.push(...(await reader.readNew()).map(({ event }) => event));
  expect(seen).toEqual(['first', ...Array.from({ length: 60 }, (_, i) => `e${i}`)]);
  await reader.close();
});

test('who follows sees half a line only when it is whole', async () => {
  const [current] = eventFiles(dir);
  const line = '{"at":"2026-01-01T00:00:00Z","event":"größer"}\n';
  const bytes = Buffer.from(line);
  writeFileSync(current, bytes.subarray(0, 41));
  const reader = new EventReader(dir);
  expect(await reader.readAll(0)).toEqual([]);
  appendFileSync(current, bytes.subarray(41));
  expect(await reader.readNew()).toMatchObject([{ event: 'größer' }]);
  await reader.close();
});

test('when the disk does not take them, what waits is bounded and the rest is counted', async () => {
  const log = open();
  for (let i = 0; i < 2_000; i++) log.add('storm');
  await log.flush();
  const all = await readAll();
  expect(all).toHaveLength(1_025);
  expect(all.at(-1)).toMatchObject({ event: 'forgotten', count: 2_000 - 1_024 });
});

test('a failure is told once, and what comes later is written when it can be', async () => {
  const errors: string[] = [];
  const log = new EventLog(`${dir}/missing`, clock, ({ message }) => errors.push(message));
  for (const event of ['a', 'b']) {
    log.add(event);
    await log.flush();
  }
  expect(errors).toHaveLength(1);
  await import('node:fs/promises').then(({ mkdir }) => mkdir(`${dir}/missing`));
  log.add('c');
  await log.flush();
  expect(await events(0, `${dir}/missing`)).toEqual(['c']);
});
