/** Warnings that would come again with every look at the machine: each is said once, until something else is to be said. */
import type { Log } from './log.ts';

/** One per interface and family, as a rule; beyond this the oldest may be said twice. */
const MAX_SUBJECTS = 64;

export class OncePerSubject {
  readonly #said = new Map<string, string>();

  constructor(private readonly log: Log) {}

  warn(subject: string, fields: object, event: string): void {
    const text = JSON.stringify([event, fields]);
    if (this.#said.get(subject) === text) return;
    this.#said.delete(subject);
    this.#said.set(subject, text);
    if (this.#said.size > MAX_SUBJECTS) this.#said.delete(this.#said.keys().next().value ?? '');
    this.log.warn(fields, event);
  }

  /** All is well again: the same trouble would be news. */
  forget(subject: string): void {
    this.#said.delete(subject);
  }
}
