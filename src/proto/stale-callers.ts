/**
 * Clients whose handshakes come again and again with numbers below what the server has confirmed: a second machine has their
 * keys, or their state came back from a backup without a clock. A replay repeats a number and a late copy comes once; these
 * count up.
 */

/** The one that was heard of first makes room. */
const MAX_CALLERS = 64;
const SURE_AFTER = 3;

export class StaleCallers {
  private readonly heard = new Map<string, { counter: number; times: number }>();

  /** True once for each caller, when there is no doubt any more. */
  handle(publicKey: string, counter: number): boolean {
    const caller = this.heard.get(publicKey);
    if (caller === undefined) {
      this.heard.set(publicKey, { counter, times: 1 });
      if (this.heard.size > MAX_CALLERS) this.heard.delete(this.heard.keys().next().value as string);
      return false;
    }
    if (counter <= caller.counter) return false;
    caller.counter = counter;
    return ++caller.times === SURE_AFTER;
  }
}
