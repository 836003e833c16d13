/** UDP sockets in a `MemoryNetwork`: same behaviour as `LinuxUdp`, no kernel. For the simulator and for tests. */
import { constants } from 'node:os';
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
} from '../proto/packet-batch.ts';
import { familyOf, formatAddress, parseAddress, portOf } from './address.ts';
import type { Datagram, MemoryNetwork, MemorySocket } from './memory-network.ts';
import { layReceived } from './received-rows.ts';
import type { UdpEdge, UdpOptions } from './udp.ts';

const { EADDRINUSE, EBADF, EDESTADDRREQ } = constants.errno;

export interface MemoryUdpOptions {
  readonly network: MemoryNetwork;
  readonly paths: PathTable;
  /** Unmasks the rows from `from` on: `NativeSealer.unmask`. */
  readonly unmask: (batch: PacketBatch, from: number) => void;
  /** Datagrams that wait in a socket. Default 4,096: about what 8 MiB of socket buffer hold. */
  readonly queueDatagrams?: number;
}

export class MemoryUdp implements UdpEdge {
  private readonly sockets = new Map<number, Socket>();
  private nextHandle = 1;

  constructor(private readonly options: MemoryUdpOptions) {}

  /** `options.address` is wanted: there is no wildcard. */
  open(options: UdpOptions): number {
    const local = this.bind(options);
    const socket = new Socket(local, this.options.queueDatagrams ?? 4096);
    if (!this.options.network.attach(local, socket)) {
      throw Object.assign(new Error(`EADDRINUSE: address already in use, bind ${formatAddress(local)}`), {
        code: 'EADDRINUSE',
        errno: EADDRINUSE,
        syscall: 'bind',
      });
    }
    const handle = this.nextHandle++;
    this.sockets.set(handle, socket);
    return handle;
  }

  port(socket: number): number {
    return portOf(this.find(socket).local);
  }

  receive(handle: number, batch: PacketBatch): number {
    const socket = this.find(handle);
    const before = batch.count;
    let count = 0;
    for (const datagram of socket.queue) {
      if (!layReceived(batch, handle, datagram.from, datagram.bytes)) break;
      count++;
    }
    socket.queue.splice(0, count);
    this.options.unmask(batch, before);
    return batch.count - before;
  }

  send(batch: PacketBatch): number {
    let taken = 0;
    for (let row = 0; row < batch.count; row++) {
      if (batch.verdict[row] !== Verdict.SEND) continue;
      const train = batch.train[row];
      if (train >= 0) {
        const at = train * ADDRESS_WORDS;
        const error = this.sendCopy(batch, row, batch.trainSocket[train], batch.trainAddress, at);
        taken += error === 0 ? 1 : 0;
      } else {
        taken += this.sendOverPaths(batch, row);
      }
    }
    return taken;
  }

  watch(handle: number, callback: (() => void) | null): void {
    const socket = this.find(handle);
    socket.callback = callback;
    if (socket.queue.length > 0) callback?.();
  }

  close(handle: number): void {
    this.options.network.detach(this.find(handle).local);
    this.sockets.delete(handle);
  }

  private find(handle: number): Socket {
    const socket = this.sockets.get(handle);
    if (socket === undefined) throw new TypeError(`socket ${handle} is not open`);
    return socket;
  }

  private bind({ address, port, family }: UdpOptions): Int32Array {
    const host = address ?? (family === 4 ? '127.0.0.1' : '::1');
    const words = new Int32Array(ADDRESS_WORDS);
    if (!parseAddress(host, port || this.options.network.ephemeralPort(), words)) {
      throw new TypeError(`address: expected an address of the family, got ${host}`);
    }
    return words;
  }

  private sendOverPaths(batch: PacketBatch, row: number): number {
    const words = this.options.paths.words;
    let taken = 0;
    for (let path = 0; path < PATHS_PER_PEER; path++) {
      if ((batch.pathMask[row] & (1 << path)) === 0) continue;
      const at = (batch.peer[row] * PATHS_PER_PEER + path) * PATH_WORDS;
      const error = this.sendCopy(batch, row, words[at + PATH_SOCKET], words, at + PATH_ADDRESS);
      words[at + (error === 0 ? PATH_SENT : PATH_FAILED)]++;
      if (error === 0) {
        taken++;
        words[at + PATH_SENT_BYTES] += batch.length[row];
      } else words[at + PATH_ERRNO] = error;
    }
    return taken;
  }

  /** 0 or errno, as the addon reports it. */
  private sendCopy(batch: PacketBatch, row: number, handle: number, words: Int32Array, at: number): number {
    const socket = this.sockets.get(handle);
    if (socket === undefined) return EBADF;
    if (familyOf(words, at) !== familyOf(socket.local) || portOf(words, at) === 0) return EDESTADDRREQ;
    const offset = batch.offset[row];
    const bytes = batch.arena.slice(offset, offset + batch.length[row]);
    this.options.network.send(bytes, socket.local, words.slice(at, at + ADDRESS_WORDS));
    return 0;
  }
}

class Socket implements MemorySocket {
  readonly queue: Datagram[] = [];
  callback: (() => void) | null = null;

  constructor(
    /** Address words; the remote side is the socket's own address. */
    readonly local: Int32Array,
    private readonly queueDatagrams: number,
  ) {}

  deliver(datagram: Datagram): boolean {
    if (this.queue.length >= this.queueDatagrams) return false;
    this.queue.push(datagram);
    this.callback?.();
    return true;
  }
}
