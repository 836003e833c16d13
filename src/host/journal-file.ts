/** The journal's text form, and who wrote it. */
import { closeSync, constants, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { fileError } from '../errors.ts';
import type { UndoEntry } from './undo-entry.ts';

const VERSION = 1;
/** A link that somebody laid in its place would lead root elsewhere. */
const OWN_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;

const Owner = z.object({
  version: z.literal(VERSION),
  /** /proc/sys/kernel/random/boot_id. */
  boot: z.string(),
  /** Inode of /proc/self/ns/net. */
  namespace: z.number(),
  pid: z.number(),
  /** Clock ticks from boot to the process's start: tells a process from a later one with the same pid. */
  startTicks: z.number(),
});

export type JournalOwner = z.infer<typeof Owner>;

const Line = z.union([
  z.object({ id: z.number(), entry: z.looseObject({ kind: z.string() }) }),
  z.object({ undone: z.number() }),
]);

export interface ParsedJournal {
  /** Null for an empty file and for one of another version. */
  readonly owner: JournalOwner | null;
  /** Changes in force, oldest first. */
  readonly entries: Map<number, UndoEntry>;
  /** Complete lines that make no sense. */
  readonly badLines: number;
}

/** What follows the last line end was cut short and does not count. */
export function parseJournal(text: string): ParsedJournal {
  const [header, ...lines] = text.split('\n').slice(0, -1);
  const owner = Owner.safeParse(parseJson(header ?? ''));
  const entries = new Map<number, UndoEntry>();
  if (!owner.success) return { owner: null, entries, badLines: lines.length };
  let badLines = 0;
  for (const text of lines) {
    const line = Line.safeParse(parseJson(text));
    if (!line.success) badLines++;
    else if ('undone' in line.data) entries.delete(line.data.undone);
    else entries.set(line.data.id, line.data.entry as unknown as UndoEntry);
  }
  return { owner: owner.data, entries, badLines };
}

/** Replaces the file in one step: a crash and a full disk leave the old one or the new one. Mode 0600. Throws `UserError`. */
export function writeJournal(
  path: string,
  owner: JournalOwner,
  entries: ReadonlyMap<number, UndoEntry>,
): void {
  const lines = [...entries].map(([id, entry]) => JSON.stringify({ id, entry }));
  try {
    replace(path, `${[JSON.stringify(owner), ...lines].join('\n')}\n`);
  } catch (error) {
    throw fileError(path, 'written', error);
  }
}

function replace(path: string, text: string): void {
  const fresh = `${path}.new`;
  try {
    const file = openSync(fresh, OWN_FILE, 0o600);
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(fresh, path);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
  const directory = openSync(dirname(path), 'r');
  fsyncSync(directory);
  closeSync(directory);
}

export async function currentOwner(): Promise<JournalOwner> {
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  const { ino: namespace } = await stat('/proc/self/ns/net');
  const startTicks = (await startTicksOf('self')) ?? 0;
  return { version: VERSION, boot, namespace, pid: process.pid, startTicks };
}

/** True while the process that wrote a journal of this boot lives. */
export async function isAlive(owner: JournalOwner): Promise<boolean> {
  return (await startTicksOf(String(owner.pid))) === owner.startTicks;
}

/**
 * proc(5): field 22 of stat; the command name before it, in parentheses, may hold anything. Null: no such process, or one that has ended
 * and that nobody has waited for, as in a container whose first process reaps nothing.
 */
async function startTicksOf(pid: string): Promise<number | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return text === '' || fields[0] === 'Z' ? null : Number(fields[19]);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
