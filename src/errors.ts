/** Errors that cross folders. A peer's broken input is neither of these: it is a counted value. */
import { getSystemErrorName } from 'node:util';

export interface UserErrorOptions {
  /** The reason, one clause: `Permission denied`. */
  readonly why?: string;
  /** What to do about it: a sentence or a command. */
  readonly fix?: string;
  /** 1 failed, 2 misused, 78 bad configuration. */
  readonly exitCode?: 1 | 2 | 78;
  /** The error below, for --verbose. */
  readonly cause?: unknown;
}

/** Something that its reader can act on: what happened, why, what to do. Printed without a stack. */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly what: string;
  readonly why?: string;
  readonly fix?: string;
  readonly exitCode: 1 | 2 | 78;

  constructor(what: string, options: UserErrorOptions = {}) {
    super(options.why === undefined ? what : `${what}: ${options.why}`, { cause: options.cause });
    this.what = what;
    this.why = options.why;
    this.fix = options.fix;
    this.exitCode = options.exitCode ?? 1;
  }
}

/** A system call that failed: `route-add 10.0.0.0/8: EEXIST`. `errno` is positive, as in errno.h. */
export class ErrnoError extends Error {
  override readonly name = 'ErrnoError';
  readonly syscall: string;
  readonly errno: number;
  readonly code: string;

  constructor(syscall: string, errno: number, subject = '') {
    const code = getSystemErrorName(-errno);
    super(`${syscall}${subject === '' ? '' : ` ${subject}`}: ${code}`);
    this.syscall = syscall;
    this.errno = errno;
    this.code = code;
  }
}
