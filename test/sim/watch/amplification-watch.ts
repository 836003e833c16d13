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
  isValidated: boolean;
}

/** Something arrived there, and nothing has come back yet. */
interface Reached {
  readonly address: Address;
  readonly atMs: number;
}

export class AmplificationWatch {
  private readonly peers = new Map<Address, Peer>();
  /** By name of the machine. */
  private readonly reached = new Map<string, Reached[]>();

  constructor(private readonly own: readonly Address[]) {}

  /** A datagram from its address arrived at the server. */
  noteReceived(datagram: Datagram): void {
    this.peer(datagram.from).received += datagram.bytes.length;
    if (datagram.sealed === null) return;
    const { by } = datagram.sealed;
    const waiting = this.reached.get(by);
    if (waiting === undefined) return;
    const open = waiting.filter(({ address, atMs }) => {
      const answers = datagram.sentMs >= atMs;
      if (answers) this.peer(address).isValidated = true;
      return !answers;
    });
    if (open.length === 0) this.reached.delete(by);
    else this.reached.set(by, open);
  }

  /** A datagram of the server came out where it was addressed to, at the machine `owner`. */
  noteReached(to: Address, owner: string, nowMs: number): void {
    if (this.peer(to).isValidated) return;
    const waiting = this.reached.get(owner) ?? [];
    if (!waiting.some(({ address }) => address === to)) waiting.push({ address: to, atMs: nowMs });
    this.reached.set(owner, waiting);
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
      peer = { received: 0, sent: 0, isValidated: false };
      this.peers.set(address, peer);
    }
    return peer;
  }
}
