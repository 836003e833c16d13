/** A machine's sockets: the simulated network on one side, the engine on the other. */
import {
  ADDRESS_WORDS,
  PATH_ADDRESS,
  PATH_ERRNO,
  PATH_FAILED,
  PATH_SENT,
  PATH_SENT_BYTES,
  PATH_SOCKET,
  PATH_WORDS,
  PATHS_PER_PEER,
  type PacketBatch,
  type PathTable,
  Verdict,
} from '../../../src/proto/packet-batch.ts';
import { layReceived } from '../../../src/udp/received-rows.ts';
import type { UdpEdge, UdpOptions } from '../../../src/udp/udp.ts';
import type { EventQueue } from '../clock.ts';
import { type Address, readWords, writeWords } from '../net/address.ts';
import type { Datagram, Outgoing } from '../net/datagram.ts';
import type { Random } from '../random.ts';
import type { Trace } from '../trace.ts';
import type { HostClock } from './host-clock.ts';
import type { WatchedSealer } from './watched-sealer.ts';

/** From a datagram in the socket to the engine reading it: what comes within it is one batch. */
const WAKE_MAX_MS = 1;
/** Datagrams that a socket buffer holds; the rest is lost. */
const SOCKET_DATAGRAMS = 4_096;
const EBADF = 9;

/** Where a socket hangs in the network. */
export interface Outlet {
  /** The address whose words stand in received trains as the local side. */
  readonly local: Address;
  readonly port: number;
  /** Hands a datagram to the interface; errno, 0 = taken. */
  put(to: Address, datagram: Outgoing): number;
  close(): void;
}

/** The machine around the sockets. */
export interface SocketOwner {
  readonly clock: HostClock;
  /** Throws where the interface is not there. */
  bind(options: UdpOptions, receive: (datagram: Datagram) => void): Outlet;
  /** The engine is about to see it. */
  handleArrived(datagram: Datagram): void;
  /** Runs a callback of the engine. */
  turn(run: () => void): void;
}

interface Socket {
  readonly outlet: Outlet;
  readonly inbox: Datagram[];
  callback: (() => void) | null;
}

export interface SimUdpOptions {
  readonly owner: SocketOwner;
  readonly queue: EventQueue;
  readonly random: Random;
  readonly trace: Trace;
  readonly sealer: WatchedSealer;
  readonly paths: PathTable;
}

export class SimUdp implements UdpEdge {
  private readonly sockets = new Map<number, Socket>();
  private nextHandle = 1;
  private readonly sender = new Int32Array(ADDRESS_WORDS);

  constructor(private readonly options: SimUdpOptions) {}

  open(options: UdpOptions): number {
    const handle = this.nextHandle++;
    const outlet = this.options.owner.bind(options, (datagram) => this.handleArriving(handle, datagram));
    this.sockets.set(handle, { outlet, inbox: [], callback: null });
    return handle;
  }

  port(handle: number): number {
    return this.find(handle).outlet.port;
  }

  watch(handle: number, callback: (() => void) | null): void {
    this.find(handle).callback = callback;
  }

  close(handle: number): void {
    this.find(handle).outlet.close();
    this.sockets.delete(handle);
  }

  /** The process is gone. */
  closeAll(): void {
    for (const handle of [...this.sockets.keys()]) this.close(handle);
  }

  /** What waits in the sockets is lost: the machine sleeps. */
  clear(): void {
    for (const { inbox } of this.sockets.values()) inbox.length = 0;
  }

  private find(handle: number): Socket {
    const socket = this.sockets.get(handle);
    if (socket === undefined) throw new TypeError(`socket ${handle} is not open`);
    return socket;
  }

  // In

  private handleArriving(handle: number, datagram: Datagram): void {
    const { owner, queue, random } = this.options;
    const inbox = this.sockets.get(handle)?.inbox;
    // A machine that sleeps has switched its radio off.
    if (inbox === undefined || owner.clock.sleeps || inbox.length >= SOCKET_DATAGRAMS) return;
    inbox.push(datagram);
    if (inbox.length === 1) queue.after(random.fraction() * WAKE_MAX_MS, () => this.wake(handle));
  }

  /** The kernel calls back as long as something waits. */
  private wake(handle: number): void {
    const { owner, queue } = this.options;
    if (owner.clock.isFrozen) {
      queue.at(owner.clock.frozenUntilMs, () => this.wake(handle));
      return;
    }
    for (;;) {
      const socket = this.sockets.get(handle);
      if (socket === undefined || socket.callback === null || socket.inbox.length === 0) return;
      owner.turn(socket.callback);
    }
  }

  receive(handle: number, batch: PacketBatch): number {
    const socket = this.find(handle);
    const before = batch.count;
    let taken = 0;
    for (const { bytes, from } of socket.inbox) {
      writeWords(from, socket.outlet.local, this.sender, 0);
      if (!layReceived(batch, handle, this.sender, bytes)) break;
      taken++;
    }
    for (const datagram of socket.inbox.splice(0, taken)) this.options.owner.handleArrived(datagram);
    this.options.sealer.unmask(batch, before);
    return taken;
  }

  // Out

  send(batch: PacketBatch): number {
    const { paths, sealer } = this.options;
    let taken = 0;
    for (let row = 0; row < batch.count; row++) {
      if (batch.verdict[row] !== Verdict.SEND) continue;
      const datagram: Outgoing = {
        bytes: batch.arena.slice(batch.offset[row], batch.offset[row] + batch.length[row]),
        sealed: sealer.sealed[row],
        isForged: false,
        sentMs: this.options.queue.nowMs,
      };
      const train = batch.train[row];
      if (train >= 0) {
        const to = readWords(batch.trainAddress, train * ADDRESS_WORDS);
        if (this.transmit(batch.trainSocket[train], to, datagram) === 0) taken++;
        continue;
      }
      for (let path = 0; path < PATHS_PER_PEER; path++)
        if (batch.pathMask[row] & (1 << path))
          taken += this.sendOver(
            paths.words,
            (batch.peer[row] * PATHS_PER_PEER + path) * PATH_WORDS,
            datagram,
          );
    }
    return taken;
  }

  /** Counts in the path table as the addon does; returns copies taken. */
  private sendOver(words: Int32Array, at: number, datagram: Outgoing): number {
    const socket = words[at + PATH_SOCKET];
    if (socket < 0) return 0;
    const errno = this.transmit(socket, readWords(words, at + PATH_ADDRESS), datagram);
    words[at + PATH_ERRNO] = errno;
    words[at + (errno === 0 ? PATH_SENT : PATH_FAILED)]++;
    if (errno !== 0) return 0;
    const before = words[at + PATH_SENT_BYTES] >>> 0;
    words[at + PATH_SENT_BYTES] = before + datagram.bytes.length;
    if (before + datagram.bytes.length >= 2 ** 32) words[at + PATH_SENT_BYTES + 1]++;
    return 1;
  }

  private transmit(handle: number, to: Address, datagram: Outgoing): number {
    this.options.trace.bytes(datagram.bytes);
    return this.sockets.get(handle)?.outlet.put(to, datagram) ?? EBADF;
  }
}
