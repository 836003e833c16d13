/** The one loader of the addon, with its types. Handles are small integers owned by the addon, never descriptors. */
import { createRequire } from 'node:module';

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
  readonly port: number;
  readonly segmentation: boolean;
  readonly gro: boolean;
}

/** Shapes and semantics of the stages: `proto/packet-batch.ts`, `proto/ports.ts`, `tun/tun.ts`, `udp/udp.ts`. */
export interface Addon {
  // Batches: the addon keeps references to the buffers; `batch` below is the handle returned here.
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
  /** Reads until the queue is empty, rows or arena are used up; returns [rows, arena end] packed as rows * 2^32 + end. */
  tunRead(tun: number, batch: number, count: number, end: number): number;
  /** Writes rows with `Verdict.DELIVER`, coalescing neighbours of one flow; returns packets that the kernel took. */
  tunWrite(tun: number, batch: number, count: number): number;
  tunClose(tun: number): void;

  udpOpen(options: UdpOptions): UdpInfo;
  /** Receives until empty or full, unmasks headers with `mask`; returns rows; fills trains. Appends behind `count` rows, `end` bytes, `trains` trains; returns rows * 2^32 + end. */
  udpReceive(
    socket: number,
    batch: number,
    mask: number,
    count: number,
    end: number,
    trainCount: number,
  ): number;
  /** Sends rows with `Verdict.SEND`, to `train` or by `peer` and `pathMask`; returns copies that the kernel took. */
  udpSend(batch: number, table: number, count: number): number;
  /** Reads and clears the pending error (SO_ERROR) of a socket: errno, 0 = none. */
  udpError(socket: number): number;
  udpClose(socket: number): void;

  /** Header mask under a 32-byte key (AES-256 block over the tag); returns its handle. */
  maskCreate(key: Uint8Array): number;
  maskDestroy(mask: number): void;
  /** Unmasks rows `from … count` with `Verdict.RECEIVED` in place and fills their columns; shorter than 28 bytes: `DROP`. For edges without a socket. */
  unmask(mask: number, batch: number, from: number, count: number): void;

  keyTableCreate(slots: number): number;
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
  seal(table: number, mask: number, batch: number, count: number): void;
  open(table: number, batch: number, count: number): void;
  /** True where AES-256-GCM runs on the CPU's own instructions. */
  hasAes(): boolean;

  /** Calls `callback` on the loop of this thread each time the handle (TUN or UDP) is readable. */
  watch(handle: number, callback: () => void): void;
  unwatch(handle: number): void;
}

/** A system call that failed inside the addon. */
export interface NativeError extends Error {
  readonly syscall: string;
  readonly errno: number;
  readonly code: string;
}

const require = createRequire(import.meta.url);

/** Throws with the remedy when the addon is not built. */
export function loadAddon(): Addon {
  try {
    return require('../../native/build/Release/resip.node') as Addon;
  } catch (cause) {
    throw new Error('the native addon is missing or does not fit this Node.js: run `npm run build:native`', {
      cause,
    });
  }
}
