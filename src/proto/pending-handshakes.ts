/**
 * The server's answered but unconfirmed handshakes, and the memory of initiations that are done with. Bounded in number and
 * time: an initiation that nobody follows up costs one session slot for five seconds.
 */
import { ADDRESS_WORDS } from './packet-batch.ts';
import type { Session } from './session/session.ts';
import { copyAddress, sameRemote } from './wire/address-words.ts';

const PENDING_LIFE_MS = 5_000;
export const MAX_PENDING = 1024;
/** Of these, refusals: whoever knows an invite that was used can have any number of keys refused. */
export const MAX_REFUSALS = 64;
/** Initiations remembered after they were confirmed or expired; replays of these cost no public-key work. */
const MAX_SPENT = 4096;
/** A client repeats its initiation over every path: so many answers may be needed, no more are given to one address. */
const MAX_ANSWERS = 8;
const MAX_ADDRESSES = 16;

export interface Pending {
  readonly id: string;
  /** Ephemeral key of the initiation, base64: stays when the client repeats it with a cookie. */
  readonly ephemeral: string;
  readonly publicKey: string;
  readonly counter: number;
  readonly response: Uint8Array;
  /** The initiator's session id, int32: it stands in the response's header. */
  readonly remoteId: number;
  /** Null for a refusal: nothing to confirm. */
  readonly session: Session | null;
  readonly inviteId: string | null;
  readonly createdMs: number;
  /** Where answers went, newest last. */
  readonly addresses: { readonly words: Int32Array; answers: number }[];
}

export class PendingHandshakes {
  private readonly byId = new Map<string, Pending>();
  private readonly byClient = new Map<string, Pending>();
  /** Insertion order is age. */
  private readonly spent = new Set<string>();

  /** Of all of them, those that were refused. */
  refusals = 0;

  get size(): number {
    return this.byId.size;
  }

  find(id: string): Pending | undefined {
    return this.byId.get(id);
  }

  ofClient(publicKey: string): Pending | undefined {
    return this.byClient.get(publicKey);
  }

  isSpent(id: string): boolean {
    return this.spent.has(id);
  }

  add(pending: Pending): void {
    this.byId.set(pending.id, pending);
    this.byClient.set(pending.publicKey, pending);
    if (pending.session === null) this.refusals++;
  }

  /** Done with: confirmed, replaced or expired. Its initiation counts as replayed from now on. */
  remove(pending: Pending): void {
    if (this.byId.delete(pending.id) && pending.session === null) this.refusals--;
    if (this.byClient.get(pending.publicKey) === pending) this.byClient.delete(pending.publicKey);
    this.spend(pending.id);
  }

  /** Remembers an initiation as used up. */
  spend(id: string): void {
    this.spent.add(id);
    if (this.spent.size <= MAX_SPENT) return;
    for (const oldest of this.spent) {
      this.spent.delete(oldest);
      break;
    }
  }

  /** Removes and returns the ones that nobody confirmed in time. */
  expire(now: number): Pending[] {
    const expired: Pending[] = [];
    for (const pending of this.byId.values()) {
      if (now - pending.createdMs < PENDING_LIFE_MS) break;
      expired.push(pending);
    }
    for (const pending of expired) this.remove(pending);
    return expired;
  }

  /** Deadline of the oldest; Infinity = none. */
  get nextMs(): number {
    for (const pending of this.byId.values()) return pending.createdMs + PENDING_LIFE_MS;
    return Number.POSITIVE_INFINITY;
  }
}

/**
 * True when one more answer may go to that address; notes it. The limit is per address and the newest addresses count: whoever
 * replays the initiation from made-up addresses cannot use up the answers of the client's other paths. An answer is shorter
 * than the initiation it answers.
 */
export function mayAnswer(pending: Pending, words: Int32Array, at: number): boolean {
  const known = pending.addresses.find((address) => sameRemote(address.words, 0, words, at));
  if (known !== undefined) return ++known.answers <= MAX_ANSWERS;
  const copy = new Int32Array(ADDRESS_WORDS);
  copyAddress(words, at, copy, 0);
  pending.addresses.push({ words: copy, answers: 1 });
  if (pending.addresses.length > MAX_ADDRESSES) pending.addresses.shift();
  return true;
}
