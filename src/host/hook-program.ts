/** Runs one program of the owner: without a shell, with a clean environment, for a bounded time, its words into the log. */
import { spawn } from 'node:child_process';
import { accessSync, constants, lstatSync, realpathSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { UserError } from '../errors.ts';

/** Between SIGTERM and SIGKILL. */
const GRACE_MS = 1_000;
/** Its last words are waited for so long when something that it started keeps its output open. */
const OUTPUT_MS = 200;
/** More is not logged. */
const MAX_LINES = 100;
const MAX_LINE_LENGTH = 4_096;
const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

export interface HookRun {
  readonly file: string;
  readonly args: readonly string[];
  /** All that it sees beside PATH, HOME and LANG. */
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Ends it before its time. */
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
}

/** Undefined after exit status 0; else what happened: `ended with 3`, `ended by SIGKILL`, `took longer than 30 s`. */
export function runHookProgram(run: HookRun): Promise<string | undefined> {
  const { file, args, timeoutMs, signal: abort } = run;
  return new Promise((resolve) => {
    // A group of its own: what it started ends with it when it takes too long.
    const child = spawn(file, [...args], {
      cwd: '/',
      env: { ...inherited(), ...run.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let why: string | undefined;
    const stop = (reason: string) => {
      why ??= reason;
      killGroup(child.pid, 'SIGTERM');
      setTimeout(() => killGroup(child.pid, 'SIGKILL'), GRACE_MS).unref();
    };
    const timer = setTimeout(() => stop(`took longer than ${timeoutMs / 1_000} s`), timeoutMs);
    const onAbort = () => stop('was ended: resip-vpn ends');
    abort.addEventListener('abort', onAbort, { once: true });
    const onLine = limited(run.onLine);
    for (const stream of [child.stdout, child.stderr]) forward(stream, onLine);
    const end = (how: string | undefined) => {
      clearTimeout(timer);
      abort.removeEventListener('abort', onAbort);
      child.stdout.destroy();
      child.stderr.destroy();
      resolve(why ?? how);
    };
    child.on('error', ({ message }) => end(message));
    child.on('exit', (code, signal) => {
      const how = code === 0 ? undefined : `ended ${signal === null ? `with ${code}` : `by ${signal}`}`;
      // What stands in its pipes by then is read: this process may be the one that was late.
      const patience = setTimeout(() => setImmediate(() => end(how)), OUTPUT_MS);
      child.once('close', () => {
        clearTimeout(patience);
        end(how);
      });
    });
  });
}

/** Throws `UserError` for a program that is missing, or that somebody else than root or this user could change. */
export function checkHookProgram(file: string): void {
  try {
    const real = realpathSync(file);
    if (!statSync(real).isFile()) throw new Error('it is not a file');
    accessSync(real, constants.X_OK);
    for (const path of new Set([...withParents(file), ...withParents(real)])) checkOwner(path);
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    throw new UserError(`the hook ${file} cannot be run`, {
      cause: code === 'ENOENT' ? 'there is no such file' : cause,
      fix: code === 'EACCES' ? `chmod 755 ${file}` : 'name the absolute path of a program',
      exitCode: 78,
    });
  }
}

function checkOwner(path: string): void {
  const status = lstatSync(path);
  const isTrusted = status.uid === 0 || status.uid === process.geteuid?.();
  if (isTrusted && !isOpen(status)) return;
  throw new UserError(`the hook's ${status.isDirectory() ? 'directory ' : ''}${path} is not safe`, {
    cause: isTrusted
      ? 'others may write to it, and what they write would run with the rights of resip-vpn'
      : `it belongs to user ${status.uid}, who could make resip-vpn run anything`,
    fix: isTrusted ? `chmod go-w ${path}` : `chown root ${path}`,
    exitCode: 78,
  });
}

/** In a sticky directory nobody replaces the files of others; the mode of a link means nothing. */
function isOpen(status: Stats): boolean {
  if (status.isSymbolicLink()) return false;
  const isSticky = status.isDirectory() && (status.mode & STICKY) !== 0;
  return (status.mode & WRITABLE_BY_OTHERS) !== 0 && !isSticky;
}

function withParents(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [path, ...withParents(parent)];
}

/** What else is in this process's environment may be secret, or mean something to a shell. */
function inherited(): Record<string, string> {
  const { PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME = '/' } = process.env;
  return { PATH, HOME, LANG: process.env.LANG ?? 'C.UTF-8' };
}

/** Line by line; of an endless one, pieces. */
function forward(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
    if (rest.length < MAX_LINE_LENGTH) return;
    onLine(rest);
    rest = '';
  });
  stream.on('close', () => rest !== '' && onLine(rest));
}

function limited(onLine: (line: string) => void): (line: string) => void {
  let lines = 0;
  return (line) => {
    lines++;
    if (lines <= MAX_LINES) onLine(line);
    else if (lines === MAX_LINES + 1) onLine('… (more is not logged)');
  };
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // All of them have ended.
  }
}
