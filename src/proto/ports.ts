/** What the core asks of the world around it, besides `now`: batch cryptography and entropy. */
import type { PacketBatch } from './packet-batch.ts';

/** AEAD suites of the data channel. The number is the wire value (PROTOCOL.md §4). */
export const Suite = { AES_256_GCM: 1, CHACHA20_POLY1305: 2 } as const;
export type Suite = (typeof Suite)[keyof typeof Suite];

/**
 * The second protection layer over whole batches. The addon is the only implementation: production and simulator
 * use the same one.
 */
export interface BatchSealer {
  /** Suites that run well on this machine, best first. */
  readonly suites: readonly Suite[];
  /** Installs both directions of a session. Keys are 32 bytes, IVs 12. Throws on a slot outside the table. */
  installKey(
    slot: number,
    suite: Suite,
    sealKey: Uint8Array,
    sealIv: Uint8Array,
    openKey: Uint8Array,
    openIv: Uint8Array,
  ): void;
  /** Wipes and frees a slot; harmless on an empty one. */
  removeKey(slot: number): void;
  /**
   * Rows with `Verdict.SEAL`: offset and length cover header room and plaintext. Writes the header from the columns
   * `type`, `sessionId`, `packetNumber`, seals behind it (header as associated data), appends the tag
   * (length grows by 16), masks the header, sets `Verdict.SEND`. `keySlot` -1: the row ends in its own 16-byte tag
   * already; the header is written and masked only.
   */
  seal(batch: PacketBatch): void;
  /**
   * Rows with `Verdict.OPEN`: opens with `keySlot`; authentic rows become `OPENED` with offset and length covering
   * the interior, others `FORGED` with offset and length unchanged; the bytes behind their header mean nothing any more.
   */
  open(batch: PacketBatch): void;
}

/** Cryptographically secure random bytes in production, seeded in the simulator. */
export type RandomBytes = (count: number) => Uint8Array;
