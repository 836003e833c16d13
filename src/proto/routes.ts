/** Whose packet is this? The core asks for every packet from TUN and, on the server, for every packet from a client. */
import type { Association } from './association/association.ts';
import type { DropReason } from './counters.ts';

export interface Routes {
  /** Packet from TUN: the association it goes to, or why it goes nowhere. `bytes` hold a whole IP header at `at`. */
  outbound(bytes: Uint8Array, at: number): Association | DropReason;
  /**
   * Packet from a peer: `null` = to TUN, an association = forward to that client, a reason = drop. Enforces that a client
   * sends only from what it leases.
   */
  inbound(from: Association, bytes: Uint8Array, at: number): Association | null | DropReason;
}
