/**
 * Runs the owner's programs one after the other, beside the packets: nothing waits for them but what was asked to (`pre-up`, and
 * the end of the daemon). What is still to run about a path when something newer happens to it has been overtaken and is left out.
 */
import type { HookCommand, Hooks as HookTable } from '../config/hook-config.ts';
import type { HookName } from '../config/hook-names.ts';
import { UserError } from '../errors.ts';
import { checkHookProgram, runHookProgram } from '../host/hook-program.ts';
import type { Log } from './log.ts';

/** A service manager gives the whole end of a daemon 15 s or so. */
const TIMEOUT_MS = 30_000;
const END_TIMEOUT_MS = 5_000;
/** Paths whose hooks wait; what happens to others meanwhile is logged and not run. */
const MAX_WAITING = 256;

/** Names without `RESIP_`, in capitals; undefined ones are left out. */
export type HookFacts = Readonly<Record<string, string | number | undefined>>;

interface Waiting {
  readonly name: HookName;
  readonly facts: HookFacts;
  readonly done: (failure: string | undefined) => void;
}

export class Hooks {
  /** By what they are about, in order. */
  readonly #waiting = new Map<string, Waiting>();
  #running: Promise<void> | undefined;
  #abort = new AbortController();

  constructor(
    private table: HookTable,
    private readonly log: Log,
    private readonly timeouts = { usualMs: TIMEOUT_MS, endMs: END_TIMEOUT_MS },
  ) {}

  /** Throws `UserError` when a program of the table cannot or must not be run. */
  static check(table: HookTable): void {
    for (const { file } of Object.values(table).flat()) checkHookProgram(file);
  }

  replace(table: HookTable): void {
    Hooks.check(table);
    this.table = table;
  }

  /**
   * Resolves when every program of the hook has ended, with the first failure; never rejects. `subject` is what it is about: a
   * later one about the same takes its place in the queue.
   */
  run(name: HookName, facts: HookFacts, subject: string = name): Promise<string | undefined> {
    const overtaken = this.#waiting.get(subject);
    if (this.table[name].length === 0 && overtaken === undefined) return Promise.resolve(undefined);
    if (overtaken === undefined && this.#waiting.size >= MAX_WAITING) {
      this.log.warn({ hook: name, ...facts, why: `${MAX_WAITING} others wait` }, 'hook-left-out');
      return Promise.resolve('too many others wait');
    }
    this.#waiting.delete(subject);
    overtaken?.done(undefined);
    return new Promise((done) => {
      this.#waiting.set(subject, { name, facts, done });
      this.#running ??= this.#runAll();
    });
  }

  /** The daemon ends: what runs is ended too, and what waits is left out. */
  hurry(): void {
    for (const { done } of this.#waiting.values()) done(undefined);
    this.#waiting.clear();
    this.#abort.abort();
    this.#abort = new AbortController();
  }

  async #runAll(): Promise<void> {
    for (const [subject, { name, facts, done }] of this.#waiting) {
      this.#waiting.delete(subject);
      let failure: string | undefined;
      for (const command of this.table[name]) failure = (await this.#runOne(name, command, facts)) ?? failure;
      done(failure);
    }
    this.#running = undefined;
  }

  async #runOne(name: HookName, { text, file, args }: HookCommand, facts: HookFacts) {
    const began = performance.now();
    const failure = await this.#attempt(name, file, args, facts);
    const fields = { hook: name, program: text, tookMs: Math.round(performance.now() - began) };
    if (failure === undefined) this.log.debug(fields, 'ran');
    else this.log.warn({ ...fields, why: failure }, 'failed');
    return failure;
  }

  /** The program is looked at again each time: it may have been changed since the start. */
  async #attempt(name: HookName, file: string, args: readonly string[], facts: HookFacts) {
    try {
      checkHookProgram(file);
    } catch (error) {
      return error instanceof UserError ? error.what : String(error);
    }
    const env = environment({ hook: name, ...facts });
    const timeoutMs =
      name.endsWith('down') && !name.startsWith('path') ? this.timeouts.endMs : this.timeouts.usualMs;
    const onLine = (line: string) => this.log.info({ hook: name, line }, 'says');
    return runHookProgram({ file, args, env, timeoutMs, onLine, signal: this.#abort.signal });
  }
}

function environment(facts: HookFacts): Record<string, string> {
  const known = Object.entries(facts).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known.map(([key, value]) => [`RESIP_${key.toUpperCase()}`, String(value)]));
}
