/** Which interfaces the owner wants to be used: what the configuration says, and what was said since. */
import { type InterfaceSpec, isPattern, specFor } from '../config/interface-spec.ts';
import { UserError } from '../errors.ts';

/** One association has eight paths; more wishes than these are a mistake. */
const MAX_SPECS = 16;
/** Names taken out of patterns, the oldest forgotten first. */
const MAX_EXCLUDED = 64;

export class WantedInterfaces {
  #specs: InterfaceSpec[];
  /** Names that a pattern matches and that are not wanted all the same. */
  #excluded: string[] = [];

  constructor(specs: readonly InterfaceSpec[]) {
    this.#specs = [...specs];
  }

  get specs(): readonly InterfaceSpec[] {
    return this.#specs;
  }

  get patterns(): string[] {
    return this.#specs.map(({ pattern }) => pattern);
  }

  /** Those that are named outright: one that is missing is worth a word. */
  get named(): string[] {
    return this.patterns.filter((pattern) => !isPattern(pattern));
  }

  get hasPatterns(): boolean {
    return this.#specs.some(({ pattern }) => isPattern(pattern));
  }

  specFor(interfaceName: string): InterfaceSpec | undefined {
    return this.#excluded.includes(interfaceName) ? undefined : specFor(this.#specs, interfaceName);
  }

  /** Takes the place of what was said before of the same interface or pattern. Throws `UserError`. */
  add(spec: InterfaceSpec): void {
    const others = this.#specs.filter(({ pattern }) => pattern !== spec.pattern);
    if (others.length >= MAX_SPECS) throw new UserError(`at most ${MAX_SPECS} interfaces or patterns`);
    this.#specs = [...others, spec];
    this.#excluded = this.#excluded.filter((name) => specFor([spec], name) === undefined);
  }

  /** An interface or pattern, or one of those that a pattern matches. Throws `UserError` for what is not wanted anyway. */
  remove(name: string): void {
    if (this.specFor(name) === undefined && !this.patterns.includes(name)) {
      throw new UserError(`${name} is not in use`, {
        cause: `in use are ${this.patterns.join(', ') || 'none'}`,
      });
    }
    this.#specs = this.#specs.filter(({ pattern }) => pattern !== name);
    if (this.specFor(name) !== undefined) this.#excluded = [...this.#excluded, name].slice(-MAX_EXCLUDED);
  }

  /** All of it anew, as after a reload. */
  replace(specs: readonly InterfaceSpec[]): void {
    this.#specs = [...specs];
    this.#excluded = [];
  }
}
