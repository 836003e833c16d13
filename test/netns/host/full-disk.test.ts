/** The journal on a disk that is full: a tmpfs of a few pages. */
import { mkdtempSync, readFileSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
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

/** Until the disk has no room for one more, as many as fit the file's last page: the line after them is cut short. */
async function makeUntilFull(journal: UndoJournal): Promise<number> {
  fillDisk();
  for (let table = 1; ; table++) {
    let isChanged = false;
    const change = async () => {
      isChanged = true;
    };
    const failure = await journal.make(entry(table), change).then(() => null, String);
    if (failure === null) continue;
    expect(failure).toContain('cannot be written');
    expect(isChanged).toBe(false);
    return table - 1;
  }
}

it('changes nothing that it cannot record, and reads whole lines when there is room again', async () => {
  const journal = await open();
  const made = await makeUntilFull(journal);
  expect(made).toBeGreaterThan(10);
  expect(await parsed()).toMatchObject({ badLines: 0, entries: { size: made } });
  rmSync(ballast);
  await journal.make(entry(1_000), nothing);
  const { badLines, entries } = await parsed();
  expect([badLines, [...entries.values()].at(-1)]).toEqual([0, entry(1_000)]);
  await journal.close();
  expect(undone).toEqual([1_000, ...Array.from({ length: made }, (_, i) => made - i)]);
});

it('undoes what it cannot strike, and keeps the old file when there is no room for a new one', async () => {
  const journal = await open();
  const made = await makeUntilFull(journal);
  await journal.undoAll();
  expect(undone).toHaveLength(made);
  expect(new Set(logged)).toEqual(new Set(['journal-not-written']));
  expect((await parsed()).badLines).toBe(0);
  rmSync(ballast);
  await journal.make(entry(1_000), nothing);
  expect([...(await parsed()).entries.values()].at(-1)).toEqual(entry(1_000));
  await journal.close();
});
