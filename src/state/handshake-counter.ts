/**
 * Where a starting client's handshake counters begin. The server drops every initiation that is not above the last one
 * of this key (PROTOCOL.md §4), so a counter must never come twice, whatever happened to the clock or to the disk:
 *
 * - The disk remembers where the next start may begin. It is written, with room for a whole run, before the first use.
 *   That alone is enough for a clock that wakes in 1970.
 * - The clock, counted in 1/1024 ms, moves faster than handshakes (one in 5 s) and reservations (2^20, one second of it,
 *   per start) use counters up. That alone is enough for a state directory that came back from an older backup.
 *
 * Whichever is higher wins; only an old backup on a machine without a clock can fall behind the server.
 */

/** Enough for 60 days without a server, at a fresh initiation each 5 s; a run reserves more every day. */
export const RESERVED_COUNTERS = 2 ** 20;

const COUNTERS_PER_MS = 1_024;

/** A clock beyond the year 2200 is broken: believing it would use the counter space up for good. */
const LATEST_CLOCK_MS = Date.UTC(2200, 0);

export interface Reservation {
  /** The first counter that this run may use. */
  readonly first: number;
  /** What the disk has to say before that. */
  readonly next: number;
}

/** `stored` is what the disk says, 0 on the first start; `clockMs` is milliseconds since the epoch. */
export function reserveCounters(stored: number, clockMs: number): Reservation {
  const byClock = clockMs > 0 && clockMs < LATEST_CLOCK_MS ? Math.floor(clockMs) * COUNTERS_PER_MS : 0;
  const first = Math.max(stored, byClock, 1);
  return { first, next: first + RESERVED_COUNTERS };
}
