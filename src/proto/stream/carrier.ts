/** What the streams of an association are carried by: its paths, its current session, the outbox. */
export interface Carrier {
  /** Paths that all carry every packet; bit `p` = path `p`. */
  readonly copies: number;
  /** Paths of which each packet takes one. */
  readonly spread: number;
  /** Where `copies` has several: the one whose pace counts; -1 = none. */
  readonly leader: number;
  /** Interior bytes of a datagram that fits every one of these paths. */
  interiorBytes(paths: number): number;
  /** As probes found it; null = not known. */
  rttMs(path: number): number | null;
  /** Room for an interior of `length` bytes in `bytes`: where it starts, or -1: full for now. */
  begin(length: number): number;
  readonly bytes: Uint8Array;
  /** The interior that was begun is `length` bytes long and leaves over `paths`; copies beside `leader` as far as budgets go. */
  finish(length: number, paths: number, leader: number, now: number): void;
  /** Something moved: the deadline may have, too, and what is to be sent is to be sent. */
  wake(): void;
}
