/**
 * The protocol core as its driver sees it: no socket, no clock, no timer, no randomness of its own.
 *
 * Methods come in four kinds: getters; inputs (`handle…`), which bring packets, datagrams and time; commands (verbs);
 * outputs (`outbox`, `deliveries`, `events`, `nextTimeoutMs`). After every input or command the driver drains, in this order:
 *
 *   1. `outbox.batch`   seal, send, `handleSent`, clear
 *   2. `deliveries`     write to TUN, clear
 *   3. `events`, `streamNews`   hand on, clear
 *   4. `nextTimeoutMs`  call `handleTimeout` then
 *
 * `now` is milliseconds of one monotonic clock, never going back.
 */
import type { CoreEvent } from './events.ts';
import type { Outbox } from './outbox.ts';
import type { PacketBatch } from './packet-batch.ts';
import type { Page, Sample, Snapshot } from './snapshot.ts';
import type { Stream } from './stream/stream.ts';

export interface Core {
  readonly outbox: Outbox;
  /** Inner packets that were put together from pieces. Rows have `Verdict.DELIVER`. */
  readonly deliveries: PacketBatch;
  readonly events: CoreEvent[];
  /** Streams with news (`stream/stream.ts`), each once. */
  readonly streamNews: Stream[];
  /** Earliest deadline; Infinity = none. */
  readonly nextTimeoutMs: number;

  /** Rows are IP packets from TUN; those to be sent become data datagrams with `Verdict.SEAL`, the others `DROP`. */
  handleTunPackets(batch: PacketBatch, now: number): void;
  /** Rows are unmasked datagrams (`Verdict.RECEIVED`); those worth opening get `Verdict.OPEN`. Returns how many. */
  handleDatagrams(batch: PacketBatch, now: number): number;
  /** Rows were opened; inner packets get `Verdict.DELIVER`. True = some rows want to be opened now: open, then call again. */
  handleOpened(batch: PacketBatch, now: number): boolean;
  /** The batch of `handleTunPackets`, or the outbox, was sealed and sent; its bytes are still there. */
  handleSent(batch: PacketBatch, now: number): void;
  handleTimeout(now: number): void;

  /** To be called after commands to streams: sends what they have brought up. */
  settle(now: number): void;

  /** `only`: peers of these names; absent = all of them. */
  snapshot(now: number, only?: readonly string[], page?: Page): Snapshot;
  /** To be asked regularly: at most `limit` peers, those with a session that did most since the last sample; and the one named `also`. */
  sample(now: number, limit: number, also?: string): Sample;
  /** Says goodbye to every peer. The driver drains and then closes the sealer, which wipes all keys. */
  close(now: number): void;
}
