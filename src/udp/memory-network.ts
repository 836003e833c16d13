/**
 * A network without a kernel: sockets by address, bounded queues, nothing lost but what overflows or finds nobody. What a
 * real network does to datagrams (delay, loss, reordering, NAT) is the simulator's business: it takes the place of
 * `carry`.
 */
import { ADDRESS_WORDS } from '../proto/packet-batch.ts';
import { formatAddress } from './address.ts';

export interface Datagram {
  /** The bytes as they stand on the wire; nobody else holds them. */
  readonly bytes: Uint8Array;
  /** Address words as the receiver sees them: remote = sender, local = where it was sent to. */
  readonly from: Int32Array;
}

/** Where Linux's default range of ephemeral ports starts, too. */
const FIRST_EPHEMERAL_PORT = 32_768;

/** One end: what a socket has to be for the network. */
export interface MemorySocket {
  /** False = the queue is full. */
  deliver(datagram: Datagram): boolean;
}

/** Takes a datagram on its way from `from` to `to` (address words, remote side) and hands it to `deliver`, or not. */
export type Carry = (bytes: Uint8Array, from: Int32Array, to: Int32Array, network: MemoryNetwork) => void;

export class MemoryNetwork {
  private readonly sockets = new Map<string, MemorySocket>();
  private nextPort = FIRST_EPHEMERAL_PORT;
  /** Datagrams that found no socket, or a full one. */
  lost = 0;

  /** `carry` defaults to immediate delivery. */
  constructor(
    private readonly carry: Carry = (bytes, from, to, network) => network.deliver(bytes, from, to),
  ) {}

  /** A port that no socket was given before. */
  ephemeralPort(): number {
    return this.nextPort++;
  }

  /** False = the address and port are taken. */
  attach(address: Int32Array, socket: MemorySocket): boolean {
    const key = formatAddress(address);
    if (this.sockets.has(key)) return false;
    this.sockets.set(key, socket);
    return true;
  }

  detach(address: Int32Array): void {
    this.sockets.delete(formatAddress(address));
  }

  send(bytes: Uint8Array, from: Int32Array, to: Int32Array): void {
    this.carry(bytes, from, to, this);
  }

  /** Puts a datagram into the socket that has the address `to`. */
  deliver(bytes: Uint8Array, from: Int32Array, to: Int32Array): void {
    const words = new Int32Array(ADDRESS_WORDS);
    words.set(from.subarray(0, 5));
    words.set(to.subarray(1, 5), 5);
    const socket = this.sockets.get(formatAddress(to));
    if (socket === undefined || !socket.deliver({ bytes, from: words })) this.lost++;
  }
}
