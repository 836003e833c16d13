/** A datagram under way, and what the observers know about it that the network does not. */

import type { Piece } from '../watch/interior.ts';
import type { KeyRecord } from '../watch/key-book.ts';
import type { Address } from './address.ts';

/** What was sealed: null for handshake messages, and for anything an attacker touched. */
export interface Sealed {
  /** Name of the machine that sealed it. */
  readonly by: string;
  readonly key: KeyRecord;
  readonly number: number;
  readonly pieces: readonly Piece[];
}

/** What a machine hands to the network; the rest is a matter of routes. */
export type Outgoing = Pick<Datagram, 'bytes' | 'sealed' | 'isForged' | 'sentMs'>;

export interface Datagram {
  readonly from: Address;
  readonly to: Address;
  /** Never written to after it was sent: copies share it. */
  readonly bytes: Uint8Array;
  readonly sealed: Sealed | null;
  /** An attacker made or changed it. */
  readonly isForged: boolean;
  /** World time. */
  readonly sentMs: number;
}

export function addressed(
  { bytes, sealed, isForged, sentMs }: Outgoing,
  from: Address,
  to: Address,
): Datagram {
  return { from, to, bytes, sealed, isForged, sentMs };
}
