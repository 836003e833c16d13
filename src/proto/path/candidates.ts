/**
 * Addresses that authentic datagrams came from and that are not (yet) those of their paths: a NAT rebound, a client moved, or
 * somebody in between relays. Only an answer to a challenge that was sent to the new address moves the path there; until
 * then the old address stays in use, and the new one gets nothing but the challenge (no amplification).
 *
 * A probe says which path it belongs to, so there is one candidate per path: the newest address wins. Data does not say it:
 * the answer to the challenge will.
 */
import { ADDRESS_WORDS, PATHS_PER_PEER } from '../packet-batch.ts';
import { copyAddress, sameRemote } from '../wire/address-words.ts';

/** A challenge is repeated towards the same address after this, with the same token: its answer may take longer than that. */
const CHALLENGE_EVERY_MS = 100;
/** An unanswered challenge is worth nothing after this. */
const CHALLENGE_LIFE_MS = 5_000;

export interface Candidate {
  socket: number;
  readonly words: Int32Array;
  tokenHigh: number;
  tokenLow: number;
  challengedMs: number;
  /** A challenge is under way. */
  isAsked: boolean;
}

function nobody(): Candidate {
  const words = new Int32Array(ADDRESS_WORDS);
  return {
    socket: -1,
    words,
    tokenHigh: 0,
    tokenLow: 0,
    challengedMs: Number.NEGATIVE_INFINITY,
    isAsked: false,
  };
}

export class Candidates {
  // Made when they are needed: most peers stay where they are.
  private readonly byPath: (Candidate | undefined)[] = [];
  /** Addresses that data came from. All paths may have moved at once. */
  private readonly unnamed: Candidate[] = [];

  /** The place to note a challenge of that address with `note`; null = it was challenged just now. */
  find(pathId: number, socket: number, words: Int32Array, at: number, now: number): Candidate | null {
    this.byPath[pathId] ??= nobody();
    const known = this.byPath[pathId];
    return isAt(known, socket, words, at) && !isDue(known, now) ? null : known;
  }

  /** The same for an address of an unknown path. */
  findUnnamed(socket: number, words: Int32Array, at: number, now: number): Candidate | null {
    const { unnamed } = this;
    let oldest = unnamed[0];
    for (const candidate of unnamed) {
      if (isAt(candidate, socket, words, at)) return isDue(candidate, now) ? candidate : null;
      if (candidate.challengedMs < oldest.challengedMs) oldest = candidate;
    }
    if (unnamed.length < PATHS_PER_PEER) {
      oldest = nobody();
      unnamed.push(oldest);
    }
    // As many addresses as there can be paths were challenged just now: these come first.
    return isDue(oldest, now) ? oldest : null;
  }

  /** The candidate whose challenge this token answers, given up as a candidate; or null. */
  settle(pathId: number, tokenHigh: number, tokenLow: number, now: number): Candidate | null {
    return settle(this.byPath[pathId], tokenHigh, tokenLow, now);
  }

  settleUnnamed(tokenHigh: number, tokenLow: number, now: number): Candidate | null {
    for (const candidate of this.unnamed) {
      const settled = settle(candidate, tokenHigh, tokenLow, now);
      if (settled !== null) return settled;
    }
    return null;
  }
}

/** Such a challenge is under way to that address: it is repeated as it is. */
export function isRepeat(
  candidate: Candidate,
  socket: number,
  words: Int32Array,
  at: number,
  now: number,
): boolean {
  const isLive = candidate.isAsked && now - candidate.challengedMs <= CHALLENGE_LIFE_MS;
  return isLive && isAt(candidate, socket, words, at);
}

/** A challenge with this token (int32 words) goes to that address. */
export function note(
  candidate: Candidate,
  socket: number,
  words: Int32Array,
  at: number,
  token: { readonly tokenHigh: number; readonly tokenLow: number },
  now: number,
): void {
  candidate.socket = socket;
  copyAddress(words, at, candidate.words, 0);
  candidate.tokenHigh = token.tokenHigh;
  candidate.tokenLow = token.tokenLow;
  candidate.challengedMs = now;
  candidate.isAsked = true;
}

function isAt(candidate: Candidate, socket: number, words: Int32Array, at: number): boolean {
  return candidate.socket === socket && sameRemote(candidate.words, 0, words, at);
}

function isDue(candidate: Candidate, now: number): boolean {
  return now - candidate.challengedMs >= CHALLENGE_EVERY_MS;
}

function settle(candidate: Candidate | undefined, high: number, low: number, now: number): Candidate | null {
  if (candidate === undefined || !candidate.isAsked) return null;
  if (candidate.tokenHigh !== high || candidate.tokenLow !== low) return null;
  candidate.isAsked = false;
  return now - candidate.challengedMs <= CHALLENGE_LIFE_MS ? candidate : null;
}
