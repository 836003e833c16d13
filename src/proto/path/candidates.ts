/**
 * Addresses that authentic probes came from and that are not (yet) those of their paths: a NAT rebound, a client moved, or
 * somebody in between relays. Only an answer to a challenge that was sent to the new address moves the path there; until
 * then the old address stays in use, and the new one gets nothing but the challenge (no amplification).
 */
import { ADDRESS_WORDS, PATHS_PER_PEER } from '../packet-batch.ts';
import { copyAddress, sameRemote } from '../wire/address-words.ts';

/** A challenge is repeated towards the same address after this. */
const CHALLENGE_EVERY_MS = 100;
/** An unanswered challenge is worth nothing after this. */
const CHALLENGE_LIFE_MS = 5_000;

interface Candidate {
  socket: number;
  readonly words: Int32Array;
  tokenHigh: number;
  tokenLow: number;
  challengedMs: number;
}

/** One candidate per path id: the newest address wins. */
export class Candidates {
  private readonly byPath: (Candidate | null)[] = new Array(PATHS_PER_PEER).fill(null);

  /** True when a challenge should be sent to that address now. */
  wants(pathId: number, socket: number, words: Int32Array, at: number, now: number): boolean {
    const known = this.byPath[pathId];
    if (known === null || now - known.challengedMs >= CHALLENGE_EVERY_MS) return true;
    return known.socket !== socket || !sameRemote(known.words, 0, words, at);
  }

  challenged(
    pathId: number,
    socket: number,
    words: Int32Array,
    at: number,
    tokenHigh: number,
    tokenLow: number,
    now: number,
  ): void {
    const copy = new Int32Array(ADDRESS_WORDS);
    copyAddress(words, at, copy, 0);
    this.byPath[pathId] = { socket, words: copy, tokenHigh, tokenLow, challengedMs: now };
  }

  /** The candidate whose challenge this token answers, removed from the list; or null. */
  settle(pathId: number, tokenHigh: number, tokenLow: number, now: number): Candidate | null {
    const known = this.byPath[pathId];
    if (known === null || known === undefined) return null;
    if (known.tokenHigh !== tokenHigh || known.tokenLow !== tokenLow) return null;
    this.byPath[pathId] = null;
    return now - known.challengedMs <= CHALLENGE_LIFE_MS ? known : null;
  }
}
