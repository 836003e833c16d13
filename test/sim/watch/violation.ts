/** An invariant that does not hold. The run stops here; the message says which invariant, where, and what was seen. */
export class Violation extends Error {
  constructor(
    readonly invariant: string,
    detail: string,
  ) {
    super(`${invariant}: ${detail}`);
    this.name = 'Violation';
  }
}
