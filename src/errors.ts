/** The two errors that cross module borders. A peer's malformed datagram is neither: it is a counted value. */
import { constants } from 'node:os';

export interface UserErrorOptions {
  /** Why it happened: a clause, or the error underneath. */
  readonly cause?: unknown;
  /** What to do about it, an imperative sentence; a command line where one exists. */
  readonly fix?: string;
  /** Exit status of the process: 1 failed (default), 2 misused, 78 bad configuration. */
  readonly exitCode?: number;
}

/** Something that its reader can put right. `message` holds what happened, why and what to do, one line each. */
export class UserError extends Error {
  override readonly name = 'UserError';
  /** What happened, one clause. */
  readonly what: string;
  readonly fix?: string;
  readonly exitCode: number;

  constructor(what: string, options: UserErrorOptions = {}) {
    const why = describeCause(options.cause);
    const lines = [what, why && `cause: ${why}`, options.fix && `fix: ${options.fix}`];
    super(lines.filter(Boolean).join('\n'), { cause: options.cause });
    this.what = what;
    this.fix = options.fix;
    this.exitCode = options.exitCode ?? 1;
  }
}

/** A system call or kernel request that failed. `code` is the errno name (`EEXIST`), `errno` its number. */
export class ErrnoError extends Error {
  override readonly name = 'ErrnoError';
  readonly errno: number;

  constructor(
    /** The call or request, with its object: `RTM_NEWROUTE 10.0.0.0/8`. */
    readonly syscall: string,
    readonly code: string,
    options: { cause?: unknown } = {},
  ) {
    super(`${syscall}: ${code}`, options);
    this.errno = (constants.errno as Record<string, number>)[code] ?? 0;
  }
}

/** What keeps a file from us, in the words of whoever can put it right; `doing`: `written`, `read`. */
export function fileError(path: string, doing: string, cause: unknown): UserError {
  const owner = process.geteuid?.() ?? 0;
  const mayNot = `give it to the user that this runs as: chown ${owner} ${path}; or run this as root`;
  const noRoom = `make room on its file system: df ${path}`;
  const fixes: Readonly<Record<string, string>> = {
    ENOSPC: noRoom,
    EDQUOT: noRoom,
    EROFS: 'mount its file system writable, or name a directory on another one with --state-dir DIR',
    EACCES: mayNot,
    EPERM: mayNot,
    ELOOP: `find out who laid a link there, and remove it: ls -l ${path}`,
  };
  return new UserError(`${path} cannot be ${doing}`, {
    cause,
    fix: fixes[(cause as NodeJS.ErrnoException).code ?? ''],
  });
}

function describeCause(cause: unknown): string {
  if (cause instanceof UserError) return cause.what;
  if (cause instanceof Error) return cause.message;
  return cause === undefined ? '' : String(cause);
}
