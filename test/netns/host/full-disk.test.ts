/** The journal on a disk that is full: a tmpfs of a few pages. */
import { mkdtempSync, readFileSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { currentOwner, parseJournal } from '../../../src/host/journal-file.ts';
import type { UndoEntry } from '../../../src/host/undo-entry.ts';
import { UndoJournal } from '../../../src/host/undo-journal.ts';
import { run } from '../lab/process.ts';

const DISK_BYTES = 64 * 1024;
let stateDir: string;
let ballast: string;
let logged: string[];
let undone: number[];

beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'resip-full-'));
  await run(['mount', '-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'none', stateDir]);
  ballast = join(stateDir, 'ballast');
  [logged, undone] = [[], []];
});
afterEach(async () => {
  await run(['umount', '--lazy', stateDir]);
  rmdirSync(stateDir);
});

const entry = (table: number): UndoEntry => ({ kind: 'table', family: 4, table });
const nothing = async () => {};

function open(): Promise<UndoJournal> {
  const note = (_: object, event: string) => void logged.push(event);
  const log = { debug: note, info: note, warn: note };
  const undo = async (what: UndoEntry) => void undone.push('table' in what ? what.table : 0);
  return UndoJournal.open({ stateDir, undo, log });
}

async function parsed() {
  const path = join(stateDir, `undo-${(await currentOwner()).namespace}.journal`);
  return parseJournal(readFileSync(path, 'utf8'));
}

function fillDisk(): void {
  const { bavail, bsize } = statfsSync(stateDir);
  writeFileSync(ballast, Buffer.alloc(bavail * bsize));
}

const tables = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

/** Makes as many changes as the file's last page takes, and some more: the line after them is cut short. */
async function makeBeyondFull(journal: UndoJournal): Promise<number> {
  fillDisk();
  const made = 200;
  for (const table of tables(made)) await journal.make(entry(table), nothing);
  const { badLines, entries } = await parsed();
  expect(badLines).toBe(0);
  expect(entries.size).toBeGreaterThan(10);
  expect(entries.size).toBeLessThan(made);
  expect(logged).toEqual(['journal-not-written']);
  return made;
}

it('makes what it cannot record all the same, says so once, and records it when there is room', async () => {
  const journal = await open();
  const made = await makeBeyondFull(journal);
  rmSync(ballast);
  await journal.make(entry(1_000), nothing);
  const { badLines, entries } = await parsed();
  expect([badLines, ...entries.values()]).toEqual([0, ...tables(made).map(entry), entry(1_000)]);
  expect(logged).toEqual(['journal-not-written', 'journal-written']);
  await journal.close();
  expect(undone).toEqual([1_000, ...tables(made).reverse()]);
});

it('looks for room by itself', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const journal = await open();
  const made = await makeBeyondFull(journal);
  vi.advanceTimersByTime(10_000);
  rmSync(ballast);
  expect((await parsed()).entries.size).toBeLessThan(made);
  vi.advanceTimersByTime(10_000);
  expect((await parsed()).entries.size).toBe(made);
  vi.useRealTimers();
  await journal.close();
});

it('changes no file without a record: no restart of the machine would put it back', async () => {
  const journal = await open();
  await makeBeyondFull(journal);
  const before = { kind: 'file', text: 'nameserver 192.168.1.1\n', mode: 0o644 } as const;
  let isChanged = false;
  const change = async () => {
    isChanged = true;
  };
  const file: UndoEntry = { kind: 'resolv-conf', path: '/etc/resolv.conf', instance: 'a', before };
  await expect(journal.make(file, change)).rejects.toThrow('cannot be written');
  expect(isChanged).toBe(false);
  await journal.close();
  expect(undone).not.toContain(0);
});

it('undoes what it cannot strike, and keeps the old file when there is no room for a new one', async () => {
  const journal = await open();
  const made = await makeBeyondFull(journal);
  await journal.undoAll();
  expect(undone).toHaveLength(made);
  expect(logged).toEqual(['journal-not-written']);
  expect((await parsed()).badLines).toBe(0);
  rmSync(ballast);
  await journal.make(entry(1_000), nothing);
  expect([...(await parsed()).entries.values()]).toEqual([entry(1_000)]);
  await journal.close();
});
