/**
 * A daemon from start to end. What is started is registered with its undoing; a signal, a failure or the body's own error
 * ends the daemon, and everything registered is undone, newest first.
 */
import type { Log } from './log.ts';

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** 128 + 15 and the like are what a shell shows for a signal; forced is simply "failed". */
const EXIT_FORCED = 1;

/** One Ctrl-C may come twice: from the terminal, and handed on by what stands in between (timeout, npm, sudo). No person is so quick. */
const ECHO_MS = 500;

export interface Life {
  /** `undo` runs at the end, after those of what was started later. Its failure is logged and stops nothing. */
  defer(what: string, undo: () => void | Promise<void>): void;
  /** Ends the daemon with this error, unless it ends already. */
  fail(error: unknown): void;
  /** True once something ended the daemon: nothing new should be started. */
  readonly isEnding: boolean;
  /** True when it was not a signal. */
  readonly hasFailed: boolean;
  /** SIGHUP does this, where it does not mean that the terminal is gone; one that came already does it now. */
  onHangup(reload: () => void): void;
  /** The result, or a rejection when the daemon ends first; then the body can unwind. */
  orEnd<T>(work: Promise<T>): Promise<T>;
}

/** Thrown by `orEnd` in the body of a daemon that was told to end; never leaves this file. */
class Ended extends Error {}

/** Runs `start`, then waits for the end; `onEnding` hears of it first. Resolves after a signal, rejects with what went wrong. */
export async function runUntilEnd(
  log: Log,
  start: (life: Life) => Promise<void>,
  onEnding = () => {},
): Promise<void> {
  const undoings: { what: string; undo: () => void | Promise<void> }[] = [];
  let outcome: { error: unknown } | 'signal' | undefined;
  let settle = () => {};
  const ended = new Promise<void>((resolve) => {
    settle = resolve;
  });
  let endingMs = Number.NEGATIVE_INFINITY;
  const end = (how: { error: unknown } | 'signal') => {
    outcome ??= how;
    settle();
  };

  let onHangup: (() => void) | undefined;
  let isHangupDue = false;
  const onSignal = (signal: NodeJS.Signals) => {
    const isTerminal = process.stdin.isTTY || process.stderr.isTTY;
    if (signal === 'SIGHUP' && !isTerminal) {
      // It asks for a reload, and is never a reason to end: not while the start cannot do it yet, and not while the end is under way.
      if (outcome !== undefined) return;
      if (onHangup === undefined) isHangupDue = true;
      else onHangup();
      return;
    }
    if (performance.now() - endingMs < ECHO_MS) return;
    if (outcome !== undefined) {
      log.warn({ signal }, 'forced');
      process.exit(EXIT_FORCED);
    }
    endingMs = performance.now();
    log.info({ signal }, 'ending');
    end('signal');
  };
  const onError = (error: unknown) => end({ error });
  for (const signal of SIGNALS) process.on(signal, onSignal);
  process.on('uncaughtException', onError);
  process.on('unhandledRejection', onError);

  const life: Life = {
    defer: (what, undo) => void undoings.push({ what, undo }),
    fail: onError,
    get isEnding() {
      return outcome !== undefined;
    },
    get hasFailed() {
      return outcome !== undefined && outcome !== 'signal';
    },
    onHangup: (reload) => {
      onHangup = reload;
      if (isHangupDue) reload();
    },
    orEnd: (work) =>
      Promise.race([
        work,
        ended.then(() => {
          throw new Ended();
        }),
      ]),
  };

  await start(life).catch((error) => {
    if (!(error instanceof Ended)) end({ error });
  });
  await ended;
  onEnding();
  for (const { what, undo } of undoings.reverse()) {
    try {
      await undo();
    } catch (err) {
      log.warn({ what, err }, 'undo-failed');
    }
  }
  for (const signal of SIGNALS) process.off(signal, onSignal);
  process.off('uncaughtException', onError);
  process.off('unhandledRejection', onError);
  if (outcome !== 'signal') throw outcome?.error;
}
