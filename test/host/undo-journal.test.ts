import {
  appendFileSync,
  chownSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ErrnoError } from '../../src/errors.ts';
import { currentOwner } from '../../src/host/journal-file.ts';
import type { UndoEntry } from '../../src/host/undo-entry.ts';
import { UndoJournal } from '../../src/host/undo-journal.ts';

let stateDir: string;
let path: string;
/** Tables of the entries that were undone, or else their kinds, in order. */
let undone: (number | string)[];
let refuses: Set<number | string>;
let logged: string[];

beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'resip-journal-'));
  path = join(stateDir, `undo-${(await currentOwner()).namespace}.journal`);
  undone = [];
  refuses = new Set();
  logged = [];
});
afterEach(() => rmSync(stateDir, { recursive: true }));

const entry = (table: number): UndoEntry => ({ kind: 'table', family: 4, table });
const nothing = async () => {};

function open(adopts?: (entry: UndoEntry) => boolean): Promise<UndoJournal> {
  const note = (_: object, event: string) => void logged.push(event);
  const log = { debug: note, info: note, warn: note };
  const undo = async (what: UndoEntry) => {
    const name = what.kind === 'table' ? what.table : what.kind;
    if (refuses.has(name)) throw new ErrnoError('undo', 'EPERM');
    undone.push(name);
  };
  return UndoJournal.open({ stateDir, undo, log, adopts });
}

/** Rewrites the header as if another process, boot or namespace had written the file. */
function rewriteOwner(change: Record<string, unknown>): void {
  const [header, ...lines] = readFileSync(path, 'utf8').split('\n');
  writeFileSync(path, [JSON.stringify({ ...JSON.parse(header), ...change }), ...lines].join('\n'));
}

/** As after kill -9: the file is there, its process is not. */
const abandon = () => rewriteOwner({ startTicks: 1 });

test('close undoes everything, newest first, and removes the file', async () => {
  const journal = await open();
  for (const table of [1, 2, 3]) await journal.make(entry(table), nothing);
  await journal.close();
  expect(undone).toEqual([3, 2, 1]);
  expect(readdirSync(stateDir)).toEqual([]);
});

test('an entry is on disk, readable by its owner alone, before its change is made', async () => {
  const journal = await open();
  await journal.make(entry(7), async () => {
    expect(readFileSync(path, 'utf8')).toContain('"table":7');
  });
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('what is adopted or kept stays in force, and in the file', async () => {
  const isTwo = (what: UndoEntry) => (what as UndoEntry & { kind: 'table' }).table === 2;
  const killed = await open();
  for (const table of [1, 2, 3]) await killed.make(entry(table), nothing);
  abandon();
  const next = await open(isTwo);
  expect(undone).toEqual([3, 1]);
  expect([...next.inForce.values()]).toEqual([entry(2)]);
  await next.make(entry(4), nothing);
  await next.close(isTwo);
  expect(undone).toEqual([3, 1, 4]);
  abandon();
  await open();
  expect(undone).toEqual([3, 1, 4, 2]);
});

test('what a killed process left is undone at the next opening', async () => {
  const killed = await open();
  for (const table of [1, 2, 3]) await killed.make(entry(table), nothing);
  await killed.undo([...killed.inForce.keys()][1]);
  undone = [];
  abandon();
  const next = await open();
  expect(undone).toEqual([3, 1]);
  expect(next.inForce.size).toBe(0);
});

test('a last line that was cut short does not count', async () => {
  const killed = await open();
  await killed.make(entry(1), nothing);
  abandon();
  appendFileSync(path, '{"id":2,"entry":{"kind":"table","fam');
  const next = await open();
  expect(undone).toEqual([1]);
  await next.make(entry(5), nothing);
  abandon();
  undone = [];
  await open();
  expect(undone).toEqual([5]);
});

test('a damaged line costs that line only, and is said', async () => {
  const killed = await open();
  await killed.make(entry(1), nothing);
  appendFileSync(path, '\0\0\0\0\n');
  await killed.make(entry(2), nothing);
  abandon();
  await open();
  expect(undone).toEqual([2, 1]);
  expect(logged).toContain('journal-damaged');
});

test('a journal of an earlier boot is dropped, one of another namespace left alone', async () => {
  const killed = await open();
  await killed.make(entry(1), nothing);
  writeFileSync(join(stateDir, 'undo-1.journal'), readFileSync(path));
  rewriteOwner({ boot: 'another' });
  await open();
  expect(undone).toEqual([]);
  expect(readdirSync(stateDir)).toContain('undo-1.journal');
});

test('what an earlier boot left on the disk is put back, even when that fails at first', async () => {
  const before = { kind: 'file', text: 'nameserver 192.168.1.1\n', mode: 0o644 } as const;
  const file: UndoEntry = { kind: 'resolv-conf', path: '/etc/resolv.conf', instance: 'a', before };
  const killed = await open();
  await killed.make(entry(1), nothing);
  await killed.make(file, nothing);
  rewriteOwner({ boot: 'another' });
  refuses.add('resolv-conf');
  await (await open()).close();
  expect(undone).toEqual([]);
  refuses.clear();
  writeFileSync(join(stateDir, 'undo-1.journal'), readFileSync(path));
  rmSync(path);
  path = join(stateDir, 'undo-1.journal');
  rewriteOwner({ boot: 'yet another' });
  await (await open()).close();
  expect(undone).toEqual(['resolv-conf']);
  expect(readdirSync(stateDir)).toEqual([]);
});

test('a living owner is not disturbed', async () => {
  const journal = await open();
  await journal.make(entry(1), nothing);
  await expect(open()).rejects.toThrow(new RegExp(`in use[\\s\\S]*process ${process.pid}`));
  expect(undone).toEqual([]);
});

test('a change that the kernel refuses is struck, and not undone', async () => {
  const journal = await open();
  const refused = journal.make(entry(1), () => Promise.reject(new ErrnoError('add route', 'EEXIST')));
  await expect(refused).rejects.toThrow('EEXIST');
  await journal.close();
  expect(undone).toEqual([]);
});

test('a change that failed half way is undone', async () => {
  const journal = await open();
  await expect(journal.make(entry(1), () => Promise.reject(new Error('time is over')))).rejects.toThrow();
  expect(undone).toEqual([1]);
});

test('what cannot be undone is said, does not stop the rest, and is tried again next time', async () => {
  const journal = await open();
  for (const table of [1, 2, 3]) await journal.make(entry(table), nothing);
  refuses.add(2);
  await journal.close();
  expect(undone).toEqual([3, 1]);
  expect(logged).toContain('undo-failed');
  refuses.clear();
  abandon();
  await open();
  expect(undone).toEqual([3, 1, 2]);
});

test('links that come and go for ever do not fill the disk', async () => {
  const journal = await open();
  await journal.make(entry(99), nothing);
  for (let i = 0; i < 200; i++) await journal.undo(await journal.make(entry(i), nothing));
  expect(statSync(path).size).toBeLessThan(20_000);
  abandon();
  undone = [];
  await open();
  expect(undone).toEqual([99]);
});

test.runIf(process.geteuid?.() === 0)(
  'what another user wrote is not followed, of this boot or an earlier one',
  async () => {
    const journal = await open();
    await journal.make(entry(1), nothing);
    abandon();
    chownSync(path, 4_242, 0);
    writeFileSync(
      join(stateDir, 'undo-1.journal'),
      `${JSON.stringify({ version: 1, boot: 'an earlier one', namespace: 1, pid: 1, startTicks: 0 })}\n${JSON.stringify({ id: 0, entry: { kind: 'resolv-conf', path: '/a', instance: 'b', before: { kind: 'missing' } } })}\n`,
    );
    chownSync(join(stateDir, 'undo-1.journal'), 4_242, 0);
    await (await open()).close();
    expect(undone).toEqual([]);
  },
);
