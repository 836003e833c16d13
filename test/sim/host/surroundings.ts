/** What all machines of one simulated world share. */
import type { EngineBatches } from '../../../src/engine/engine.ts';
import type { Native } from '../../../src/native/native.ts';
import type { Primitives } from '../../../src/proto/session/primitives.ts';
import type { EventQueue } from '../clock.ts';
import type { Ledger } from '../ledger.ts';
import type { Internet } from '../net/internet.ts';
import type { Trace } from '../trace.ts';
import type { KeyBook } from '../watch/key-book.ts';

export interface Surroundings {
  readonly queue: EventQueue;
  readonly internet: Internet;
  readonly native: Native;
  readonly primitives: Primitives;
  readonly networkKey: Uint8Array;
  readonly book: KeyBook;
  readonly ledger: Ledger;
  readonly trace: Trace;
  /** Machines run one after the other: one pair of batches does for all. */
  readonly batches: EngineBatches;
}
