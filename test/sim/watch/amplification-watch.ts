/**
 * Bytes to an address that has not shown that it receives there stay below three times what came from it (RFC 9000 §8.1). An
 * address has shown it when something was received from it that left after something of ours had arrived there.
 */
import { type Address, formatAddress } from '../net/address.ts';
import type { Datagram } from '../net/datagram.ts';
import { Violation } from './violation.ts';

const FACTOR = 3;

interface Peer {
  received: number;
  sent: number;
  /** World time of the first arrival of ours; Infinity = none. */
  reachedMs: number;
  isValidated: boolean;
}

export class AmplificationWatch {
  private readonly peers = new Map<Address, Peer>();

  constructor(private readonly own: readonly Address[]) {}

  /** A datagram from its address arrived at the server. */
  noteReceived(datagram: Datagram): void {
    const peer = this.peer(datagram.from);
    peer.received += datagram.bytes.length;
    if (datagram.sentMs > peer.reachedMs) peer.isValidated = true;
  }

  /** A datagram of the server came out where it was addressed to. */
  noteReached(to: Address, nowMs: number): void {
    const peer = this.peer(to);
    peer.reachedMs = Math.min(peer.reachedMs, nowMs);
  }

  noteSent(datagram: Datagram): void {
    const peer = this.peer(datagram.to);
    peer.sent += datagram.bytes.length;
    if (peer.isValidated || peer.sent <= FACTOR * peer.received || this.own.includes(datagram.to)) return;
    const seen = `${peer.sent} bytes to ${formatAddress(datagram.to)}, ${peer.received} from there`;
    throw new Violation('no-amplification', seen);
  }

  private peer(address: Address): Peer {
    let peer = this.peers.get(address);
    if (peer === undefined) {
      peer = { received: 0, sent: 0, reachedMs: Number.POSITIVE_INFINITY, isValidated: false };
      this.peers.set(address, peer);
    }
    return peer;
  }
}
