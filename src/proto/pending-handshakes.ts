/**
 * The server's answered but unconfirmed handshakes, and the memory of initiations that are done with. Bounded in number and
 * time: an initiation that nobody follows up costs one session slot for five seconds.
 */
import { ADDRESS_WORDS } from './packet-batch.ts';
import type { Session } from './session/session.ts';
import { copyAddress, sameRemote } from './wire/address-words.ts';

const PENDING_LIFE_MS = 5_000;
export const MAX_PENDING = 1024;
/** Initiations remembered after they were confirmed or expired; replays of these cost no public-key work. */
const MAX_SPENT = 4096;
/** A client repeats its initiation over every path: so many answers may be needed, no more are given. */
const MAX_ADDRESSES = 8;
const MAX_RESPONSES = 64;

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
  responses: number;
  readonly addresses: Int32Array[];
}

export class PendingHandshakes {
  private readonly byId = new Map<string, Pending>();
  private readonly byClient = new Map<string, Pending>();
  /** Insertion order is age. */
  private readonly spent = new Set<string>();

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
  }

  /** Done with: confirmed, replaced or expired. Its initiation counts as replayed from now on. */
  remove(pending: Pending): void {
    this.byId.delete(pending.id);
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

/** True when one more answer may go to that address; notes it. */
export function mayAnswer(pending: Pending, words: Int32Array, at: number): boolean {
  if (pending.responses >= MAX_RESPONSES) return false;
  if (!pending.addresses.some((known) => sameRemote(known, 0, words, at))) {
    if (pending.addresses.length >= MAX_ADDRESSES) return false;
    const copy = new Int32Array(ADDRESS_WORDS);
    copyAddress(words, at, copy, 0);
    pending.addresses.push(copy);
  }
  pending.responses++;
  return true;
}
