/** The one loader of the addon, with its types. Handles are small integers owned by the addon, never descriptors. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { PACKAGE_ROOT } from '../package-root.ts';

export interface TunInfo {
  readonly handle: number;
  /** The name the kernel gave. */
  readonly name: string;
  /** Virtio header in use; without it every packet travels alone with a full checksum. */
  readonly vnetHeader: boolean;
  /** TCP super-packets (TSO4, TSO6) accepted by the kernel. */
  readonly tso: boolean;
  /** UDP super-packets (USO4, USO6; Linux 6.2). */
  readonly uso: boolean;
}

export interface TunOptions {
  /** Interface name, or a pattern such as `tun%d`. */
  readonly name: string;
  /** A TAP device (Ethernet frames, no virtio header): for the link emulator. */
  readonly tap?: boolean;
  /** False opens the plain form; it stays tested. Default true. */
  readonly offload?: boolean;
}

export interface UdpOptions {
  readonly family: 4 | 6;
  /** Local address, text; default the wildcard. */
  readonly address?: string;
  /** Local port; 0 = any. */
  readonly port?: number;
  /** IPv6 socket takes IPv4 as well (addresses cross the boundary as family 4 then). Default false. */
  readonly dualStack?: boolean;
  /** SO_BINDTODEVICE. */
  readonly interfaceName?: string;
  /** SO_MARK; 0 = none. */
  readonly mark?: number;
  /** Wanted SO_RCVBUF and SO_SNDBUF, bytes (forced when root). */
  readonly bufferBytes?: number;
  /** False switches UDP_SEGMENT and UDP_GRO off; the plain path stays tested. Default true. */
  readonly offload?: boolean;
}

export interface UdpInfo {
  readonly handle: number;
  /** The bound local port. */
  readonly port: number;
  /** UDP_SEGMENT is in use (given up silently when a device below refuses it). */
  readonly segmentation: boolean;
  /** UDP_GRO is in use. */
  readonly gro: boolean;
}

/**
 * Shapes and semantics of the stages: `proto/packet-batch.ts`, `proto/ports.ts`, `tun/tun.ts`, `udp/udp.ts`.
 *
 * Every function throws TypeError or RangeError when it is misused (kind of argument, closed handle, count beyond the
 * capacity, a row outside the arena), and NativeError when a system call fails. Where a row stops a stage, the rows before
 * it are finished.
 */
export interface Addon {
  /**
   * Batches and path tables: the addon keeps references to the buffers, which must not be transferred to another thread
   * while they are registered; `batch` and `table` below are the handles returned here.
   */
  registerBatch(
    arena: Uint8Array,
    columns: ArrayBuffer,
    capacity: number,
    trainSocket: Int32Array,
    trainAddress: Int32Array,
    trains: number,
  ): number;
  releaseBatch(batch: number): void;
  registerPathTable(words: Int32Array): number;
  releasePathTable(table: number): void;

  tunOpen(options: TunOptions): TunInfo;
  /**
   * Appends what the kernel has behind `count` rows and `end` arena bytes, until its queue is empty or rows or arena are
   * used up; returns the new count and end as count * 2^32 + end. A super-packet that does not fit continues in the next
   * read (a watch calls again for it). Throws EBADFD once the device was deleted.
   */
  tunRead(tun: number, batch: number, count: number, end: number): number;
  /** Writes rows with `Verdict.DELIVER`, coalescing neighbours of one flow; returns packets that the kernel took. */
  tunWrite(tun: number, batch: number, count: number): number;
  /** Packets from the kernel that could not be laid out, since the device was opened. */
  tunRefused(tun: number): number;
  tunClose(tun: number): void;

  udpOpen(options: UdpOptions): UdpInfo;
  /** A bound socket of the system for `node:dgram` (`bind({ fd })`), which owns and closes it; not for the stages. */
  udpDescriptor(options: Pick<UdpOptions, 'family' | 'interfaceName' | 'mark'>): number;
  /**
   * A TCP socket for `node:net` (`listen({ fd })`), which owns and closes it: bound to a loopback port, it takes connections to
   * whatever address TPROXY hands it (IP_TRANSPARENT, wants CAP_NET_ADMIN).
   */
  transparentDescriptor(options: Pick<UdpOptions, 'family'>): number;
  /**
   * Receives until empty or full, unmasks headers with `mask` and fills `type` (the whole first byte), `sessionId` and
   * `packetNumber`. Appends behind `count` rows, `end` bytes, `trainCount` trains; returns the new count and end as
   * count * 2^32 + end. Rows become `RECEIVED`, those under 28 bytes `DROP`. Trains are used in order and each has a row, so
   * the new number of trains is that of the last row plus one. Throws RangeError when an empty batch has no room for
   * one message (128 rows and 64 KiB with GRO, one row and 9 KiB without).
   */
  udpReceive(
    socket: number,
    batch: number,
    mask: number,
    count: number,
    end: number,
    trainCount: number,
  ): number;
  /**
   * Sends rows with `Verdict.SEND`, to `train` or by `peer` and `pathMask`; returns copies that the kernel took.
   * Path rows: adds to PATH_SENT and PATH_FAILED; PATH_ERRNO gets what is wrong with the path (EBADF: no such socket,
   * EDESTADDRREQ: no address), never mere congestion. Local words that the kernel refuses are cleared there.
   */
  udpSend(batch: number, table: number, count: number): number;
  /** Reads and clears the pending error (SO_ERROR) of a socket: errno, 0 = none. */
  udpError(socket: number): number;
  udpClose(socket: number): void;

  /**
   * Heads (128 bytes) of the packets that firewall rules log to this group of nfnetlink_log, of this network namespace; wants
   * CAP_NET_ADMIN. Throws EBUSY where another program listens to the group.
   */
  packetLogOpen(group: number): number;
  /** The next head into `out`; returns its bytes, 0 = none now. What the kernel found no room for is lost. */
  packetLogRead(log: number, out: Uint8Array): number;
  packetLogClose(log: number): void;

  /** Sends whole IP packets with whatever addresses they have; wants CAP_NET_RAW. */
  rawOpen(family: 4 | 6): number;
  /** `mark`: SO_MARK. Returns 0 or an errno (EPERM: a firewall rule did not let it pass). Throws RangeError for what has no IP header. */
  rawSend(socket: number, packet: Uint8Array, mark: number): number;
  rawClose(socket: number): void;

  /** Header mask under a 32-byte key (AES-256 block over the tag); returns its handle. */
  maskCreate(key: Uint8Array): number;
  maskDestroy(mask: number): void;
  /** Unmasks rows `from … count` with `Verdict.RECEIVED` in place and fills their columns; shorter than 28 bytes: `DROP`. For edges without a socket. */
  unmask(mask: number, batch: number, from: number, count: number): void;

  /** `usesLibrary` false: OpenSSL seals and opens, whatever `gcmLibrary` says. Default true. */
  keyTableCreate(slots: number, usesLibrary?: boolean): number;
  keyTableDestroy(table: number): void;
  keyInstall(
    table: number,
    slot: number,
    suite: number,
    sealKey: Uint8Array,
    sealIv: Uint8Array,
    openKey: Uint8Array,
    openIv: Uint8Array,
  ): void;
  keyRemove(table: number, slot: number): void;
  /** Throws RangeError for an empty slot, a packet number that is not an integer in 0 … 2^53 - 1, a row without room. */
  seal(table: number, mask: number, batch: number, count: number): void;
  /** The nonce comes from the unmasked header in the arena, not from the columns. An empty slot opens nothing. */
  open(table: number, batch: number, count: number): void;
  /** True where AES-256-GCM runs on the CPU's own instructions. */
  hasAes(): boolean;
  /** What does AES-256-GCM here: `ipsec-mb 1.3.0`, or `OpenSSL` where that library is not installed. */
  gcmLibrary(): string;

  /** Writes the shared secret to `out`; all arrays are of 32 bytes. False: `publicKey` is of low order. */
  x25519(privateKey: Uint8Array, publicKey: Uint8Array, out: Uint8Array): boolean;
  x25519PublicKey(privateKey: Uint8Array, out: Uint8Array): void;
  /** Unkeyed BLAKE2b over up to seven parts into the 64 bytes of `out`. */
  blake2b512(out: Uint8Array, ...parts: readonly Uint8Array[]): void;

  /**
   * Calls `callback` on the loop of this thread each time the handle (TUN, UDP or packet log) is readable, and once when a TUN
   * device was deleted. One watch per handle. What the callback throws becomes an uncaught exception.
   */
  watch(handle: number, callback: () => void): void;
  /** Harmless where nobody watches; closing a handle does it too. Both may be called inside the callback. */
  unwatch(handle: number): void;

  /** Gives back what only the start of the process needed: freed heap, and pages of the program that nobody reads any more. */
  releaseStartMemory(): void;
  /** One datagram to a Unix socket: a path, or a name of the abstract space behind an `@` (sd_notify(3)). Never waits. */
  notifyService(address: string, message: string): void;
  /** execvp(3): another program takes the place of this one, with its pid. Returns only by throwing. */
  execProgram(words: readonly string[]): never;

  /** `tunRead` without a device: splits one frame (virtio header, packet). Refused frames add nothing. For tests. */
  gsoSplit(frame: Uint8Array, batch: number, count: number, end: number): number;
  /** `tunWrite` without a device: frames (length 4, big-endian; virtio header; packet) into `out`; returns bytes. For tests. */
  gsoJoin(batch: number, count: number, out: Uint8Array): number;
}

/** A system call that failed inside the addon. */
export interface NativeError extends Error {
  readonly syscall: string;
  /** Positive, as in <errno.h> and `os.constants.errno`. */
  readonly errno: number;
  /** `ENODEV` … */
  readonly code: string;
}

const require = createRequire(new URL('package.json', PACKAGE_ROOT));

/** Built on this machine, or come with the package. */
const PLACES = ['./native/build/Release/resip.node', `./native/prebuilt/linux-${process.arch}/resip.node`];

/** Throws with the remedy when the addon is not built. */
export function loadAddon(): Addon {
  let cause: unknown;
  for (const path of PLACES) {
    try {
      return require(path) as Addon;
    } catch (error) {
      // What was built here and does not load says more than a package's that is not there.
      cause ??= existsSync(new URL(path, PACKAGE_ROOT)) ? error : undefined;
    }
  }
  throw new Error('the native addon is missing or does not fit this Node.js: run `npm run build:native`', {
    cause,
  });
}
