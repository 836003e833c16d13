/**
 * The packet batch: one arena and parallel columns, shared byte for byte with the addon
 * (`native/src/batch.h` mirrors the layout below). The addon is crossed once per batch and stage,
 * never once per packet; TypeScript reads and writes columns and a few header bytes.
 *
 * Row `i` describes one packet: `offset[i]` and `length[i]` name its bytes in the arena. What those
 * bytes are changes from stage to stage (see `outbound.ts`, `inbound.ts`). Offsets and lengths are
 * checked against the arena inside the addon before every use.
 *
 * Room is left around every row that TUN or `append` lays out: `HEADROOM_BYTES` before it for the wrappers,
 * `TAILROOM_BYTES` behind it for the tag. Rows laid out by one TUN read stand exactly
 * `HEADROOM_BYTES + length + TAILROOM_BYTES` apart, so that the finished datagrams of one super-packet touch
 * and leave in one piece (UDP_SEGMENT).
 */

/** Datagram header: type 1, session id 4, packet number 7. PROTOCOL.md §2. */
export const DATAGRAM_HEADER_BYTES = 12;
/** AEAD tag; its 16 bytes are the sample of the header mask. PROTOCOL.md §2. */
export const TAG_BYTES = 16;
/** Interior header of an IP datagram packet: flags 1, channel 1, packet number 4, size 2, IP flags 1. */
export const IP_INTERIOR_BYTES = 9;
export const HEADROOM_BYTES = DATAGRAM_HEADER_BYTES + IP_INTERIOR_BYTES;
export const TAILROOM_BYTES = TAG_BYTES;

/** A path of an association is one of eight: its bit in `pathMask`. */
export const PATHS_PER_PEER = 8;

/**
 * Words (int32) of one socket address as it crosses the addon:
 * 0: family (4 or 6) << 16 | port (host order); 1..4: remote address, big-endian words (IPv4 in word 1, others 0);
 * 5..8: local address likewise (all 0 = let the kernel choose); 9: interface index of the local side, 0 = any.
 */
export const ADDRESS_WORDS = 10;

/**
 * Words of one row of the path table: 0: socket handle, -1 = no path; 1..10: address words;
 * 11: last errno of a send on this path, 0 = none (the addon writes it, the core clears it);
 * 12: datagrams sent (wraps; the addon adds); 13: datagrams the kernel did not take (wraps; the addon adds);
 * 14, 15: bytes sent, low and high word (the addon adds).
 */
export const PATH_WORDS = 16;
export const PATH_SOCKET = 0;
export const PATH_ADDRESS = 1;
export const PATH_ERRNO = 11;
export const PATH_SENT = 12;
export const PATH_FAILED = 13;
export const PATH_SENT_BYTES = 14;

/** What a stage decided for a row. Later stages skip rows that are not theirs. */
export const Verdict = {
  /** Nothing more happens to this row. */
  DROP: 0,
  /** Outbound: to be sealed (or only masked, when `keySlot` is -1) and sent. */
  SEAL: 1,
  /** Inbound: header is unmasked, columns are filled. */
  RECEIVED: 2,
  /** Inbound: to be opened with `keySlot`. */
  OPEN: 3,
  /** Inbound: authentic; offset and length cover the interior. */
  OPENED: 4,
  /** Inbound: the seal does not fit. */
  FORGED: 5,
  /** Inbound: same session and packet number as an earlier row of this batch that is not opened yet. */
  DEFERRED: 6,
  /** Inbound: offset and length cover an IP packet for the TUN device. */
  DELIVER: 7,
  /** Outbound: finished datagram; the send stage takes it. */
  SEND: 8,
} as const;

/** Bits of the `flags` column. */
export const PacketFlags = {
  /** The transport checksum holds the pseudo-header sum only; the receiving kernel completes or trusts it. */
  PARTIAL_CHECKSUM: 1,
  /** Outbound: no other path vouches for this datagram; it is kept for a while (`sent-log.ts`). */
  SOLE: 2,
} as const;

/** The columns in memory order: name, bytes per element, elements. Widest first, so that all stay aligned. */
export const COLUMN_LAYOUT = [
  ['packetNumber', 8],
  ['offset', 4],
  ['length', 4],
  ['sessionId', 4],
  ['keySlot', 4],
  ['peer', 4],
  ['train', 4],
  ['pathMask', 1],
  ['type', 1],
  ['verdict', 1],
  ['flags', 1],
] as const;

export interface PacketBatchOptions {
  /** Rows; at most this many packets in one batch. */
  readonly capacity: number;
  readonly arenaBytes: number;
  /** Distinct sender addresses in one received batch (one per system call: GRO trains share it). */
  readonly trains?: number;
}

export class PacketBatch {
  readonly capacity: number;
  readonly trains: number;
  /** Packet bytes. */
  readonly arena: Uint8Array;
  /** All columns, in the order of `COLUMN_LAYOUT`, `capacity` elements each (capacity is a multiple of 8). */
  readonly columns: ArrayBuffer;
  /** Rows in use. */
  count = 0;
  /** First free byte of the arena behind the rows in use (maintained by the TUN read and by `append`). */
  end = 0;

  /** 56-bit packet number: nonce, replay counter and duplicate key at once. */
  readonly packetNumber: Float64Array;
  readonly offset: Int32Array;
  readonly length: Int32Array;
  /** The receiver's session id as in the header. */
  readonly sessionId: Uint32Array;
  /** Slot in the key table; -1: outbound, mask only (a handshake message). */
  readonly keySlot: Int32Array;
  /** Outbound: association slot; its paths are rows `peer * 8 …` of the path table. Unused where `train >= 0`. */
  readonly peer: Int32Array;
  /** Inbound: row of `trainAddress` the datagram came from. Outbound: row to answer to, -1 = use `peer` and `pathMask`. */
  readonly train: Int32Array;
  /** Outbound: bit `p` sends one copy over path `peer * 8 + p`. */
  readonly pathMask: Uint8Array;
  readonly type: Uint8Array;
  readonly verdict: Uint8Array;
  readonly flags: Uint8Array;

  /** Socket handle of each train. */
  readonly trainSocket: Int32Array;
  /** `ADDRESS_WORDS` per train. */
  readonly trainAddress: Int32Array;
  trainCount = 0;

  constructor(options: PacketBatchOptions) {
    this.capacity = (options.capacity + 7) & ~7;
    this.trains = options.trains ?? 256;
    this.arena = new Uint8Array(new ArrayBuffer(options.arenaBytes));
    const rowBytes = COLUMN_LAYOUT.reduce((sum, [, bytes]) => sum + bytes, 0);
    this.columns = new ArrayBuffer(rowBytes * this.capacity);
    const n = this.capacity;
    let at = 0;
    const next = (bytes: number) => {
      const start = at;
      at += bytes * n;
      return start;
    };
    this.packetNumber = new Float64Array(this.columns, next(8), n);
    this.offset = new Int32Array(this.columns, next(4), n);
    this.length = new Int32Array(this.columns, next(4), n);
    this.sessionId = new Uint32Array(this.columns, next(4), n);
    this.keySlot = new Int32Array(this.columns, next(4), n);
    this.peer = new Int32Array(this.columns, next(4), n);
    this.train = new Int32Array(this.columns, next(4), n);
    this.pathMask = new Uint8Array(this.columns, next(1), n);
    this.type = new Uint8Array(this.columns, next(1), n);
    this.verdict = new Uint8Array(this.columns, next(1), n);
    this.flags = new Uint8Array(this.columns, next(1), n);
    this.trainSocket = new Int32Array(this.trains);
    this.trainAddress = new Int32Array(this.trains * ADDRESS_WORDS);
  }

  clear(): void {
    this.count = 0;
    this.end = 0;
    this.trainCount = 0;
  }

  /** True when `append` would find room for `length` bytes. */
  hasRoom(length: number): boolean {
    const end = this.end + HEADROOM_BYTES + length + TAILROOM_BYTES;
    return this.count < this.capacity && end <= this.arena.length;
  }

  /**
   * Adds an empty row with `length` bytes of room for its packet, headroom before and tailroom behind.
   * Returns the row, or -1 when rows or arena are used up (the caller counts the drop).
   */
  append(length: number): number {
    const row = this.count;
    const offset = this.end + HEADROOM_BYTES;
    if (row >= this.capacity || offset + length + TAILROOM_BYTES > this.arena.length) return -1;
    this.count = row + 1;
    this.end = offset + length + TAILROOM_BYTES;
    this.offset[row] = offset;
    this.length[row] = length;
    this.packetNumber[row] = 0;
    this.sessionId[row] = 0;
    this.keySlot[row] = -1;
    this.peer[row] = 0;
    this.train[row] = -1;
    this.pathMask[row] = 0;
    this.type[row] = 0;
    this.verdict[row] = Verdict.DROP;
    this.flags[row] = 0;
    return row;
  }
}

/** The paths of all associations, written by the core, read by the send stage. `PATH_WORDS` words a row. */
export class PathTable {
  readonly words: Int32Array;
  constructor(readonly peers: number) {
    this.words = new Int32Array(peers * PATHS_PER_PEER * PATH_WORDS);
    for (let at = PATH_SOCKET; at < this.words.length; at += PATH_WORDS) this.words[at] = -1;
  }
}
